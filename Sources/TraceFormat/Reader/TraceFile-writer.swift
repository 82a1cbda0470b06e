import Glibc
import OSStrings

extension TraceFile {
  /// Whether a collection that locks its output, as `tracectl collect` does, is currently writing
  /// the file. False does not exclude other writers.
  ///
  /// - Cost: opens the file once more and tries its lock.
  public var isBeingWritten: Bool {
    guard !isComplete, source.isFile else { return false }
    let descriptor = OSPath.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }
}
