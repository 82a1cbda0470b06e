import CTraceShims
import Glibc
import OSStrings
import Synchronization
import TraceControl

/// The socket that processes connect to: `session-PID-N.sock` in the runtime directory, removed
/// when this object is.
///
/// - Guarantee: the socket gets its name only after it listens, so a socket that refuses
///   connections belongs to a dead session.
final class SessionListener: Sendable {
  let directory: RuntimeDirectory
  let name: String
  let descriptor: Int32

  private static let nextNumber = Atomic<Int>(0)
  private static let numbersMax = 10_000
  private static let backlog: Int32 = 4096

  /// Listens in the first usable place.
  convenience init(places: [RendezvousPaths.Place]) throws(SessionError) {
    var failure = RuntimeDirectoryError.system(path: "", call: "open", code: ENOENT)
    for place in places {
      let directory: RuntimeDirectory
      do {
        directory = try RuntimeDirectory.open(place.path, kind: place.kind, creating: true)
      } catch {
        failure = error
        // An unavailable directory is skipped, but not one that was tampered with.
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

  /// Removes the socket's name, so that new processes do not find the session.
  func withdraw() { _ = OSPath.unlinkat(directory.descriptor, name, 0) }

  private static func publish(
    _ socket: Int32, in directory: RuntimeDirectory
  ) throws(SessionError) -> String {
    for _ in 0..<numbersMax {
      // Numbers are not reused, so that a new session is not taken for an ended one.
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
      // Unlike renaming, linking never replaces another session's socket.
      let fd = directory.descriptor
      if linkat(fd, draft, fd, name, 0) == 0 { return name }
      throw .runtimeDirectory(.system(path: directory.path, call: "link", code: errno))
    }
    throw .system(call: "bind", code: EADDRINUSE)
  }

  /// Removes the sockets of killed sessions.
  static func removeStale(in directory: RuntimeDirectory) {
    let now = time(nil)
    let names = directory.names {
      SessionSocketName.isOne($0) || SessionSocketName.isUnfinished($0)
    }
    for name in names {
      if SessionSocketName.isUnfinished(name) {
        // The session may just be starting.
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
