import Glibc

/// The descriptor that a trace is written to, and where in it the last whole block ends.
struct FileSink: ~Copyable {
  private let descriptor: Int32
  let path: String
  private(set) var byteCount: UInt64 = 0

  init(path: String) throws(FormatError) {
    descriptor = try OutputFile.open(path).descriptor
    // A pipe has nothing to be cut off.
    _ = ftruncate(descriptor, 0)
    self.path = path
  }

  /// Whether what was written can be read again; a pipe gives nothing back.
  var isReadable: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Takes over `descriptor`.
  init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// Writes all of `bytes`, or leaves the file as it was before (as far as it can be cut back).
  mutating func write(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var written = 0
    while written < bytes.count {
      let result = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
      if result > 0 {
        written += result
      } else {
        let code = result == 0 ? ENOSPC : errno
        if result < 0, code == EINTR { continue }
        // A pipe that somebody else has made not to block: full for now.
        if result < 0, code == EAGAIN, waitForRoom() { continue }
        // A pipe or a full disk may refuse; readers cope with half a block at the end all the same.
        if written > 0 { _ = ftruncate(descriptor, off_t(byteCount)) }
        throw .io(operation: "write", path: path, code: code)
      }
    }
    byteCount += UInt64(written)
  }

  private func waitForRoom() -> Bool {
    var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&room, 1, -1) >= 0 || errno == EINTR
  }

  /// The file itself, whatever its name is by now. `index` is what a closing index would hold.
  func reopened(index: UnsafeRawBufferPointer) throws(FormatError) -> TraceFile {
    let source = try TraceBytes(path: "/proc/self/fd/\(descriptor)", name: path)
    return try TraceFile(source: source, index: index, end: byteCount)
  }
}
