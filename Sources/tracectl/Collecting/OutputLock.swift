import Glibc
import OSStrings
import TraceExport
import TraceFormat
import TraceSession

/// Holds a trace file for one collection, so that two do not write over each other; readers see by
/// it that the file is being written.
///
/// Only regular files are held; the lock goes with the process, however it ends.
struct OutputLock: ~Copyable {
  private let path: String
  private let descriptor: CInt
  private let isNew: Bool

  /// Creates the file where there is none.
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

  /// For a trace that goes to a descriptor which somebody else has opened.
  init(holding other: CInt) {
    path = ""
    isNew = false
    descriptor = fcntl(other, F_DUPFD_CLOEXEC, 0)
    // Readers see by it that the trace is being written; that another holds it is no matter.
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

  /// Takes back a file that was created for nothing.
  func discard() {
    if isNew { _ = OSPath.unlink(path) }
  }

  /// Whether both names are one file.
  static func isSame(_ one: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    return OSPath.stat(one, &first) == 0 && OSPath.stat(other, &second) == 0
      && first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Moves a file out of the way that 'tracectl recover' can still complete; its new name.
  static func setAside(unfinished path: String) -> String? {
    guard isRegularFile(path: path), Recovery.isPossible(path) else { return nil }
    for number in 1...asidesMax {
      let aside = "\(path).unfinished" + (number == 1 ? "" : "-\(number)")
      // Linking takes no other file's name away.
      if OSPath.link(path, aside) == 0 { return OSPath.unlink(path) == 0 ? aside : nil }
      guard errno == EEXIST else { return nil }
    }
    return nil
  }

  private static let asidesMax = 100

  /// Whether what was written there can be read again.
  static func isRegularFile(path: String) -> Bool {
    var status = stat()
    return OSPath.stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// To open such a pipe takes until somebody opens its other end.
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
