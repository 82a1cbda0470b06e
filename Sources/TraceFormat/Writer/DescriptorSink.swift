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
    let (_, code) = Self.write(bytes, to: descriptor)
    if code != 0 { throw SinkError(code: code) }
  }

  /// Writes until all is written or the descriptor refuses.
  ///
  /// - Returns: the bytes written, and 0 or why there were no more.
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
        // A pipe that somebody else has made not to block: full for now.
        var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        if poll(&room, 1, -1) < 0, errno != EINTR { return (written, errno) }
      } else if errno != EINTR {
        return (written, errno)
      }
    }
    return (written, 0)
  }
}
