import Glibc

/// Writes to a file descriptor with `write(2)`.
///
/// - Guarantee: partial writes are continued, `EINTR` is retried, and a descriptor in non-blocking
///   mode is polled until it is writable.
public final class DescriptorSink: ByteSink {
  private let descriptor: CInt

  /// Creates a sink. The caller remains responsible for closing the descriptor.
  public init(_ descriptor: CInt) { self.descriptor = descriptor }

  /// Writes all bytes, blocking until done.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) {
    let (_, code) = Self.write(bytes, to: descriptor)
    if code != 0 { throw SinkError(code: code) }
  }

  /// Writes until all is written or the descriptor fails.
  ///
  /// - Returns: the number of bytes written, and 0 or the error that stopped the write.
  static func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: CInt
  ) -> (count: Int, code: CInt) {
    var written = 0
    while written < bytes.count {
      let result = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
      if result > 0 {
        written += result
      } else if result == 0 {
        return (written, ENOSPC)
      } else if errno == EAGAIN {
        // Another process made the pipe non-blocking, and it is currently full.
        var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        if poll(&room, 1, -1) < 0, errno != EINTR { return (written, errno) }
      } else if errno != EINTR {
        return (written, errno)
      }
    }
    return (written, 0)
  }
}
