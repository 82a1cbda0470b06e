import Glibc
import OSStrings

/// A directory where sessions put their sockets and processes look for them.
///
/// - Guarantee: opened once, without following a symbolic link, and checked after opening. Every
///   later step uses the descriptor, so the directory cannot be replaced.
package final class RuntimeDirectory: Sendable {
  package enum Kind: Hashable, Sendable {
    /// A directory of one user: mode 0700.
    case user
    /// The directory of root's sessions, for processes of every user: only root may write to it.
    case system
  }

  package let path: String
  package let kind: Kind
  package let descriptor: Int32
  private let identity: DescriptorIdentity?

  private init(path: String, kind: Kind, descriptor: Int32) {
    self.path = path
    self.kind = kind
    self.descriptor = descriptor
    identity = DescriptorIdentity(of: descriptor)
  }

  // If the program closed the descriptor, another file may have its number now.
  deinit { if isIntact { close(descriptor) } }

  /// False once other code has closed the descriptor.
  package var isIntact: Bool { identity?.isStill(descriptor) ?? false }

  /// Opens the directory; with `creating`, first creates it if it does not exist. `place` may give
  /// the descriptor another number.
  package static func open(
    _ path: String, kind: Kind, creating: Bool, place: (Int32) -> Int32 = { $0 }
  ) throws(RuntimeDirectoryError) -> RuntimeDirectory {
    let mode: mode_t = kind == .user ? 0o700 : 0o755
    if creating, OSPath.mkdir(path, mode) == 0, kind == .system {
      // The umask removed permissions that other users need.
      _ = OSPath.chmod(path, mode)
    }
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let descriptor = OSPath.open(path, flags)
    guard descriptor >= 0 else { throw openFailure(path, code: errno) }
    do {
      try check(descriptor, path, kind)
    } catch {
      close(descriptor)
      throw error
    }
    return RuntimeDirectory(path: path, kind: kind, descriptor: place(descriptor))
  }

  private static func openFailure(_ path: String, code: Int32) -> RuntimeDirectoryError {
    var status = stat()
    guard code == ENOTDIR || code == ELOOP, OSPath.lstat(path, &status) == 0 else {
      return .system(path: path, call: "open", code: code)
    }
    switch status.st_mode & S_IFMT {
    case S_IFLNK: return .symbolicLink(path: path)
    case S_IFDIR: return .system(path: path, call: "open", code: code)
    default: return .notADirectory(path: path)
    }
  }

  private static func check(
    _ descriptor: Int32, _ path: String, _ kind: Kind
  ) throws(RuntimeDirectoryError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .system(path: path, call: "fstat", code: errno)
    }
    let owner = kind == .user ? geteuid() : 0
    guard status.st_uid == owner else {
      throw .wrongOwner(path: path, owner: status.st_uid, expected: owner)
    }
    let allowed: mode_t = kind == .user ? 0o700 : 0o755
    guard status.st_mode & 0o7777 & ~allowed == 0 else {
      throw .wrongMode(
        path: path, mode: UInt32(status.st_mode & 0o7777), allowed: UInt32(allowed))
    }
  }

  /// A path for system calls that do not accept a directory descriptor.
  package func pathInside(_ name: String) -> String {
    let through = "/proc/self/fd/\(descriptor)"
    return OSPath.access(through, F_OK) == 0 ? "\(through)/\(name)" : "\(path)/\(name)"
  }

  /// The names of the sockets of sessions, running or not.
  package func sessionSocketNames() -> [String] {
    names { SessionSocketName.isOne($0) }
  }

  package func names(where admits: (String) -> Bool) -> [String] {
    // A separate descriptor, because reading a directory moves its position.
    let copy = OSPath.openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard copy >= 0 else { return [] }
    defer { close(copy) }
    var found: [String] = []
    DirectoryNames.visit(copy) { name in
      if admits(name) { found.append(name) }
      return found.count < Self.namesMax
    }
    return found.sorted()
  }

  /// Passes the names of the sockets of sessions to `visit`, in any order.
  ///
  /// - Trap: call it once, right after opening the directory: it reads from the descriptor's
  ///   position.
  package func visitSessionSocketNames(_ visit: (String) -> Void) {
    var count = 0
    DirectoryNames.visit(descriptor) { name in
      guard SessionSocketName.isOne(name) else { return true }
      visit(name)
      count += 1
      return count < Self.namesMax
    }
  }

  private static let namesMax = 4096
}

/// `session-PID-N.sock`: the process that runs the session, and the session's number in that
/// process.
package enum SessionSocketName {
  package static func make(pid: Int32, number: Int) -> String { "session-\(pid)-\(number).sock" }

  /// The temporary name under which a socket is bound before it listens; it is then renamed.
  package static func unfinished(_ name: String) -> String { ".\(name).new" }

  package static func isOne(_ name: String) -> Bool {
    name.hasPrefix("session-") && name.hasSuffix(".sock") && name.utf8.count < 64
  }

  /// The process that runs the session according to the name. The socket's peer credentials are
  /// authoritative.
  package static func pid(_ name: String) -> UInt32? {
    guard isOne(name) else { return nil }
    return UInt32(name.dropFirst("session-".count).prefix { $0 != "-" })
  }

  package static func isUnfinished(_ name: String) -> Bool {
    name.hasPrefix(".session-") && name.hasSuffix(".sock.new")
  }
}
