import Glibc
import OSStrings
import TraceExport
import TraceFormat
import TraceSession

/// Locks a trace file for one collection, so that two collections do not overwrite each other;
/// readers detect by the lock that the file is being written.
///
/// Only regular files are locked. The lock is released when the process ends, however it ends.
struct OutputLock: ~Copyable {
  private let path: String
  private let descriptor: CInt
  private let isNew: Bool

  /// Creates the file if it does not exist.
  init(path: String) throws(Failure) {
    self.path = path
    if Self.isUnreadPipe(path) {
      complain(
        escapedForTerminal("tracectl: \(path) is a pipe that nobody reads; waiting for a reader"))
    }
    var failure: Failure?
    (descriptor, isNew) = Self.open(path, &failure)
    if let failure { throw failure }
    guard Self.isRegular(descriptor) else { return }
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw Failure(
        .cannotCreate, "\(path) is being written by another collection",
        next: "write elsewhere with -o")
    }
  }

  /// Locks a trace that is written to a descriptor opened elsewhere.
  init(holding other: CInt) {
    path = ""
    isNew = false
    descriptor = fcntl(other, F_DUPFD_CLOEXEC, 0)
    // Readers detect by the lock that the trace is being written; it does not matter if another
    // process holds it.
    _ = flock(descriptor, LOCK_EX | LOCK_NB)
  }

  deinit { close(descriptor) }

  private static func open(_ path: String, _ failure: inout Failure?) -> (CInt, Bool) {
    do {
      return try OutputFile.open(path)
    } catch {
      failure = OpenTrace.failure(error, path: path)
      if failure?.status == .noInput { failure?.status = .cannotCreate }
      return (-1, false)
    }
  }

  /// Removes the file if it was created here.
  func discard() {
    if isNew { _ = OSPath.unlink(path) }
  }

  /// Whether both paths refer to the same file.
  static func isSame(_ one: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    return OSPath.stat(one, &first) == 0 && OSPath.stat(other, &second) == 0
      && first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Renames a file that 'tracectl recover' can still complete; returns its new name.
  static func setAside(unfinished path: String) -> String? {
    guard isRegularFile(path: path), Recovery.isPossible(path) else { return nil }
    for number in 1...asidesMax {
      let aside = "\(path).unfinished" + (number == 1 ? "" : "-\(number)")
      // Linking does not replace another file.
      if OSPath.link(path, aside) == 0 { return OSPath.unlink(path) == 0 ? aside : nil }
      guard errno == EEXIST else { return nil }
    }
    return nil
  }

  private static let asidesMax = 100

  /// Whether the path is a regular file, which can be read again.
  static func isRegularFile(path: String) -> Bool {
    var status = stat()
    return OSPath.stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Whether the path exists and is no regular file, such as a pipe or a terminal.
  static func isOtherThanFile(path: String) -> Bool {
    var status = stat()
    return OSPath.stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
  }

  /// Whether the path is a pipe without a reader. Opening such a pipe blocks until its other end is
  /// opened.
  private static func isUnreadPipe(_ path: String) -> Bool {
    var status = stat()
    guard OSPath.stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return false }
    let opened = OSPath.open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
    if opened >= 0 { close(opened) }
    return opened < 0 && errno == ENXIO
  }

  private static func isRegular(_ descriptor: CInt) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }
}
