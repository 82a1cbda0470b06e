import CTraceShims
import Glibc
import TestSupport
import Testing
import TraceControl

@testable import TraceSession

@Suite struct SessionListenerTests {
  let place = TemporaryDirectory()

  func directory() throws -> RuntimeDirectory {
    try RuntimeDirectory.open("\(place.path)/meet", kind: .user, creating: true)
  }

  @Test func socketComesAndGoes() throws {
    let directory = try directory()
    var listener: SessionListener? = try SessionListener(in: directory)
    let name = try #require(listener?.name)
    #expect(directory.sessionSocketNames() == [name])
    #expect(directory.names { !$0.hasPrefix(".") } == [name])
    var status = stat()
    #expect(fstatat(directory.descriptor, name, &status, 0) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    listener = nil
    #expect(directory.sessionSocketNames().isEmpty)
  }

  @Test func whatTheDeadLeaveIsRemoved() throws {
    let directory = try directory()
    let living = try SessionListener(in: directory)
    // A socket whose listener was killed: bound, but not listening.
    for name in ["session-1-0.sock", ".session-2-0.sock.new"] {
      let socket = PacketSocket.make()
      #expect(trace_packet_bind(socket, directory.pathInside(name)) == 0)
      close(socket)
    }
    close(openat(directory.descriptor, "session-note.txt", O_CREAT | O_WRONLY, 0o600))
    let next = try SessionListener(in: directory)
    #expect(directory.sessionSocketNames() == [living.name, next.name].sorted())
    // A socket of a starting session is not removed.
    #expect(directory.names { $0.hasPrefix(".session") } == [".session-2-0.sock.new"])
    #expect(directory.names { $0 == "session-note.txt" }.count == 1)
  }

  @Test func refusedDirectoryIsTheError() {
    let path = "\(place.path)/open"
    mkdir(path, 0o700)
    chmod(path, 0o777)
    #expect(
      throws: SessionError.runtimeDirectory(.wrongMode(path: path, mode: 0o777, allowed: 0o700))
    ) { try SessionListener(places: [.init(path: path, kind: .user)]) }
  }

  @Test func longPathsAreNoObstacle() throws {
    let path = "\(place.path)/" + String(repeating: "long", count: 40)
    let listener = try SessionListener(places: [.init(path: path, kind: .user)])
    #expect(listener.directory.sessionSocketNames() == [listener.name])
  }
}
