import CTraceShims
import Glibc
import OSStrings
import Synchronization
import TraceControl

/// The socket that processes connect to: `session-PID-N.sock` in the runtime directory, gone when
/// this is.
///
/// - Guarantee: it appears under its name only once it listens, so that a socket that refuses
///   connections is a dead session's.
final class SessionListener: Sendable {
  let directory: RuntimeDirectory
  let name: String
  let descriptor: Int32

  private static let nextNumber = Atomic<Int>(0)
  private static let numbersMax = 10_000
  private static let backlog: Int32 = 4096

  /// Listens in the first of the places that can be used.
  convenience init(places: [RendezvousPaths.Place]) throws(SessionError) {
    var failure = RuntimeDirectoryError.system(path: "", call: "open", code: ENOENT)
    for place in places {
      let directory: RuntimeDirectory
      do {
        directory = try RuntimeDirectory.open(place.path, kind: place.kind, creating: true)
      } catch {
        failure = error
        // One that cannot be had is passed over; one that somebody has tampered with is not.
        if case .system = error { continue }
        break
      }
      try self.init(in: directory)
      return
    }
    throw .runtimeDirectory(failure)
  }

  init(in directory: RuntimeDirectory) throws(SessionError) {
    Self.removeStale(in: directory)
    let socket = trace_packet_socket()
    guard socket >= 0 else { throw .system(call: "socket", code: errno) }
    do {
      name = try Self.publish(socket, in: directory)
    } catch {
      close(socket)
      throw error
    }
    self.directory = directory
    descriptor = socket
  }

  deinit {
    withdraw()
    close(descriptor)
  }

  /// New processes find the session no longer.
  func withdraw() { _ = OSPath.unlinkat(directory.descriptor, name, 0) }

  private static func publish(
    _ socket: Int32, in directory: RuntimeDirectory
  ) throws(SessionError) -> String {
    for _ in 0..<numbersMax {
      // Never a number twice, so that nobody takes a new session for one that has ended.
      let number = nextNumber.add(1, ordering: .relaxed).oldValue
      let name = SessionSocketName.make(pid: getpid(), number: number)
      let draft = SessionSocketName.unfinished(name)
      if directory.pathInside(draft).withOSString({ trace_packet_bind(socket, $0) }) != 0 {
        let code = errno
        if code == EADDRINUSE { continue }
        if code == ENAMETOOLONG {
          throw .runtimeDirectory(.pathTooLong(path: directory.path))
        }
        throw .runtimeDirectory(.system(path: directory.path, call: "bind", code: code))
      }
      defer { _ = OSPath.unlinkat(directory.descriptor, draft, 0) }
      let mode: mode_t = directory.kind == .system ? 0o666 : 0o600
      guard fchmodat(directory.descriptor, draft, mode, 0) == 0, listen(socket, backlog) == 0,
        fcntl(socket, F_SETFL, O_NONBLOCK) == 0
      else { throw .system(call: "listen", code: errno) }
      // Linking, unlike renaming, never takes another session's name away.
      let fd = directory.descriptor
      if linkat(fd, draft, fd, name, 0) == 0 { return name }
      throw .runtimeDirectory(.system(path: directory.path, call: "link", code: errno))
    }
    throw .system(call: "bind", code: EADDRINUSE)
  }

  /// Removes what killed sessions left behind.
  static func removeStale(in directory: RuntimeDirectory) {
    let now = time(nil)
    let names = directory.names {
      SessionSocketName.isOne($0) || SessionSocketName.isUnfinished($0)
    }
    for name in names {
      if SessionSocketName.isUnfinished(name) {
        // It may be a session that is just being born.
        var status = stat()
        guard OSPath.fstatat(directory.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
          now - status.st_mtim.tv_sec > unfinishedSeconds
        else { continue }
      }
      let socket = PacketSocket.make()
      let isAlive = PacketSocket.connect(
        socket, toPath: directory.pathInside(name), timeoutMilliseconds: 1)
      if !isAlive, errno == ECONNREFUSED { _ = OSPath.unlinkat(directory.descriptor, name, 0) }
      close(socket)
    }
  }

  private static let unfinishedSeconds = 10
}
