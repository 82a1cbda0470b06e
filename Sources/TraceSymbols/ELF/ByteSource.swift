internal import Glibc

/// A reader of the bytes of a file or of memory.
///
/// A file is read with `pread`, never mapped: if another process truncates a mapped file, its
/// reader gets SIGBUS. A read past the end returns the available bytes.
public final class ByteSource: Sendable {
  private let descriptor: CInt
  /// The bytes of a source in memory; for a file, its first page, which usually has all headers.
  private let head: [UInt8]
  /// The size when the source was opened.
  public let count: UInt64

  public init(_ bytes: [UInt8]) {
    descriptor = -1
    head = bytes
    count = UInt64(bytes.count)
  }

  /// Opens a regular file, as ``ForeignFile`` does. Never blocks: a pipe or a device is refused.
  ///
  /// - Parameter access: the rights with which the file is opened.
  public init(path: String, access: FileAccess = .own) throws(ImageProblem) {
    descriptor = ForeignFile.open(path, as: access)
    var status = stat()
    let isOpen = descriptor >= 0 && fstat(descriptor, &status) == 0
    count = isOpen ? UInt64(max(status.st_size, 0)) : 0
    head = isOpen ? Self.read(descriptor, at: 0, count: min(Int(count), 4096)) : []
    guard descriptor < 0 else { return }
    switch -descriptor {
    case ENOENT, ENOTDIR, ESRCH: throw .notFound(path: path)
    case ENXIO: throw .notAFile(path: path)
    case let code: throw .unreadable(path: path, code: code)
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Whether the source is a file instead of memory.
  var isFile: Bool { descriptor >= 0 }

  /// The open file, for a library that reads it directly. Valid only while this object exists.
  func withDescriptor<Result>(_ body: (CInt) -> Result) -> Result { body(descriptor) }

  /// Reads at most `count` bytes from `offset`; fewer, or none, at the end of the source.
  ///
  /// The caller must bound `count`, because that many bytes are allocated if the source is long
  /// enough.
  public func read(at offset: UInt64, count wanted: Int) -> [UInt8] {
    guard offset < count, wanted > 0 else { return [] }
    let length = Int(min(UInt64(wanted), count - offset))
    if let end = Int(exactly: offset).map({ $0 + length }), end <= head.count {
      return Array(head[Int(offset)..<end])
    }
    guard descriptor >= 0 else { return [] }
    return Self.read(descriptor, at: off_t(clamping: offset), count: length)
  }

  private static func read(_ descriptor: CInt, at offset: off_t, count: Int) -> [UInt8] {
    Array(unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let next = pread(
          descriptor, buffer.baseAddress! + filled, count - filled, offset + off_t(filled))
        if next < 0 && errno == EINTR { continue }
        if next <= 0 { break }
        filled += next
      }
    }
  }
}
