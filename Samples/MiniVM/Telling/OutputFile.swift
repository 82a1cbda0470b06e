import Glibc

/// A buffered output file; the buffer is also written at the end.
final class OutputFile {
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private static let bufferBytes = 1 << 16

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  init(path: String) throws(Failure) {
    descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw Failure(description: "cannot write '\(path)': \(String(cString: strerror(errno)))")
    }
  }

  deinit {
    flush()
    close(descriptor)
  }

  func write(_ text: String) { write(text.utf8) }

  func write(_ bytes: some Sequence<UInt8>) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferBytes { flush() }
  }

  /// Writes a number in native byte order.
  func write<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number) { write($0) }
  }

  func flush() {
    var start = 0
    buffer.withUnsafeBytes { bytes in
      while start < bytes.count {
        let count = Glibc.write(descriptor, bytes.baseAddress! + start, bytes.count - start)
        guard count > 0 else { return }
        start += count
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Maps the first page executable, for tools that look for the file among a process's mappings.
  func mapExecutable() -> UnsafeMutableRawPointer? {
    let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
    let page = mmap(nil, pageBytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, descriptor, 0)
    return page == MAP_FAILED ? nil : page
  }
}
