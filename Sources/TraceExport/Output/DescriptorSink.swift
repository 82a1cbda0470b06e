import Glibc

/// Writes to a file descriptor with `write(2)`.
///
/// - Guarantee: a partial write is continued, `EINTR` is retried, and a descriptor in non-blocking
///   mode is waited for.
public final class DescriptorSink: ByteSink {
  private let descriptor: CInt

  /// The descriptor stays the caller's to close.
  public init(_ descriptor: CInt) { self.descriptor = descriptor }

  /// Blocks until everything is written.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) {
    guard let base = bytes.baseAddress else { return }
    var offset = 0
    while offset < bytes.count {
      let written = Glibc.write(descriptor, base + offset, bytes.count - offset)
      if written >= 0 {
        offset += written
      } else if errno == EAGAIN {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&request, 1, -1)
      } else if errno != EINTR {
        throw SinkError(code: errno)
      }
    }
  }
}
