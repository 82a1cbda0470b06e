import Glibc
import OSStrings

/// The bytes of a trace, in a file or in memory.
///
/// Files are read rather than mapped: truncation of a mapped file by another program would kill the
/// reader with SIGBUS.
final class TraceBytes {
  private let descriptor: Int32
  let path: String
  private var bytes: [UInt8]
  /// Number of bytes before `bytes` that a live trace has dropped.
  private(set) var dropped: UInt64 = 0

  /// Opens a file. `name` is used in messages; the path if nil.
  init(path location: String, name: String? = nil) throws(FormatError) {
    descriptor = OSPath.open(location, O_RDONLY | O_CLOEXEC)
    path = name ?? location
    bytes = []
    guard descriptor >= 0 else { throw .io(operation: "open", path: path, code: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .io(operation: "read", path: path, code: errno)
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      throw .io(operation: "read", path: path, code: EISDIR)
    }
    if status.st_mode & S_IFMT != S_IFREG {
      throw .io(operation: "seek in", path: path, code: ESPIPE)
    }
  }

  init(bytes: [UInt8], name: String) {
    descriptor = -1
    path = name
    self.bytes = bytes
  }

  /// Whether the bytes come from a file rather than from memory.
  var isFile: Bool { descriptor >= 0 }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Returns the current number of bytes.
  func size() throws(FormatError) -> UInt64 {
    if descriptor < 0 { return dropped + UInt64(bytes.count) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .io(operation: "read", path: path, code: errno)
    }
    return UInt64(max(status.st_size, 0))
  }

  /// Reads up to `count` bytes; fewer only at the end.
  func read(
    at offset: UInt64, count: Int, into target: UnsafeMutableRawPointer
  ) throws(FormatError) -> Int {
    if descriptor < 0 { return copy(at: offset, count: count, into: target) }
    guard offset <= UInt64(Int64.max) else { return 0 }
    var done = 0
    while done < count {
      let result = pread(descriptor, target + done, count - done, off_t(offset) + off_t(done))
      if result > 0 {
        done += result
      } else if result == 0 {
        break
      } else if errno != EINTR {
        throw .io(operation: "read", path: path, code: errno)
      }
    }
    return done
  }

  private func copy(at offset: UInt64, count: Int, into target: UnsafeMutableRawPointer) -> Int {
    guard offset >= dropped, offset - dropped < UInt64(bytes.count) else { return 0 }
    let start = Int(offset - dropped)
    let available = min(count, bytes.count - start)
    bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress! + start, byteCount: available) }
    return available
  }

  /// Appends bytes to a source in memory.
  func append(_ more: UnsafeRawBufferPointer) { bytes.append(contentsOf: more) }

  /// Discards the bytes before `offset` from a source in memory.
  func drop(before offset: UInt64) {
    guard offset > dropped else { return }
    bytes.removeFirst(min(bytes.count, Int(offset - dropped)))
    dropped = offset
  }
}
