import Glibc

/// The descriptor that a trace is written to, and where in it the last whole block ends.
final class FileSink: ByteSink {
  private let descriptor: Int32
  private(set) var byteCount: UInt64 = 0

  init(path: String) throws(FormatError) {
    descriptor = try OutputFile.open(path).descriptor
    // A pipe has nothing to be cut off.
    _ = ftruncate(descriptor, 0)
  }

  /// Takes over `descriptor`.
  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Writes all of `bytes`, or leaves the file as it was before (as far as it can be cut back).
  func write(_ bytes: UnsafeRawBufferPointer) throws(SinkError) {
    let (written, code) = DescriptorSink.write(bytes, to: descriptor)
    guard code == 0 else {
      // A pipe or a full disk may refuse; readers cope with half a block at the end all the same.
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

  /// The file itself, whatever its name is by now.
  func source(name: String) throws(FormatError) -> ByteSource {
    try ByteSource(path: "/proc/self/fd/\(descriptor)", name: name)
  }
}
