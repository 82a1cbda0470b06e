import Glibc
import OSStrings

/// A file of the kernel that is read again and again through one descriptor.
final class CounterFile: Sendable {
  private let descriptor: Int32

  /// Nil (errno) if it cannot be opened.
  convenience init?(_ path: String) { self.init(below: AT_FDCWD, path) }

  init?(below directory: Int32, _ path: String) {
    descriptor = OSPath.openat(directory, path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Returns the content as it is now, at most the buffer's size; nil if it cannot be read, as is
  /// the case for a file of a process that has ended.
  ///
  /// - Cost: two system calls for a small file; no allocation.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> CounterText? {
    var filled = 0
    while filled < buffer.count {
      let count = pread(
        descriptor, buffer.baseAddress! + filled, buffer.count - filled, off_t(filled))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      filled += count
    }
    return filled == 0 ? nil : CounterText(UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
  }

  /// Returns the number at the file's beginning.
  func number(_ buffer: UnsafeMutableRawBufferPointer) -> UInt64? {
    var text = read(into: buffer)
    return text?.number()
  }
}
