import Glibc

/// A sink that writes a trace to a descriptor and tracks the end of the last complete block.
final class FileSink: ByteSink {
  private let descriptor: Int32
  private(set) var byteCount: UInt64 = 0

  init(path: String) throws(FormatError) {
    descriptor = try OutputFile.open(path).descriptor
    // Fails for a pipe, which has nothing to truncate.
    _ = ftruncate(descriptor, 0)
  }

  /// Takes ownership of `descriptor`.
  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Writes all of `bytes`, or restores the previous end of the file (if it can be truncated).
  func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) {
    let (written, code) = DescriptorSink.write(bytes, to: descriptor)
    guard code == 0 else {
      // This may fail on a pipe or a full disk. Readers tolerate a partial block at the end.
      if written > 0 { _ = ftruncate(descriptor, off_t(byteCount)) }
      throw SinkError(code: code)
    }
    byteCount += UInt64(written)
  }
}

extension FileSink: RereadableSink {
  var isReadable: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Opens the file itself, regardless of its current name.
  func source(name: String) throws(FormatError) -> TraceBytes {
    try TraceBytes(path: "/proc/self/fd/\(descriptor)", name: name)
  }
}
