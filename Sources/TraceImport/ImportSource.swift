internal import Glibc
internal import OSStrings

/// The bytes of a recording: a regular file, or memory.
///
/// - Guarantee: the file is read, not mapped, so that truncating it does not kill its reader. Bytes
///   that cannot be read count as missing.
/// - Cost: a system call for each read.
public final class ImportSource {
  /// The name for messages.
  public let name: String
  /// The path, by which an importer finds files beside the recording; nil for memory and for files
  /// without a name.
  public let path: String?
  /// The number of bytes when the file was opened.
  public let byteCount: UInt64
  /// When the file was last modified, in nanoseconds since 1970; nil for memory.
  public let modified_ns: UInt64?
  private let descriptor: CInt
  private let memory: [UInt8]

  /// Opens a file.
  ///
  /// - Parameter name: the name for messages if the path is none, such as `/proc/self/fd/3`.
  public init(path: String, name: String? = nil) throws(ImportError) {
    self.name = name ?? path
    self.path = name == nil ? path : nil
    descriptor = OSPath.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    memory = []
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      (byteCount, modified_ns) = (0, nil)
      throw .io(operation: "open", path: self.name, code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      (byteCount, modified_ns) = (0, nil)
      throw .unusable(path: self.name, reason: "is not a regular file")
    }
    byteCount = UInt64(max(0, status.st_size))
    let (seconds, rest) = (UInt64(max(0, status.st_mtim.tv_sec)), status.st_mtim.tv_nsec)
    modified_ns = seconds &* 1_000_000_000 &+ UInt64(max(0, rest))
  }

  /// Reads a recording in memory.
  public init(bytes: [UInt8], name: String = "bytes") {
    self.name = name
    path = nil
    byteCount = UInt64(bytes.count)
    modified_ns = nil
    descriptor = -1
    memory = bytes
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Fills `target` from `offset` on. Returns the number of bytes, which is less than `target` has
  /// room for only at the end of the file.
  public func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) -> Int {
    guard offset < byteCount, let base = target.baseAddress else { return 0 }
    let wanted = Int(min(UInt64(target.count), byteCount - offset))
    if descriptor < 0 {
      memory.withUnsafeBytes {
        target.copyMemory(from: .init(rebasing: $0[Int(offset)...].prefix(wanted)))
      }
      return wanted
    }
    var done = 0
    while done < wanted {
      let place = off_t(clamping: offset &+ UInt64(done))
      let count = pread(descriptor, base + done, wanted - done, place)
      if count > 0 {
        done += count
      } else if count == 0 || errno != EINTR {
        break
      }
    }
    return done
  }

  /// The bytes of a part of the file; fewer at its end.
  ///
  /// - Parameter limit: no more than this number of bytes are read.
  func bytes(at offset: UInt64, count: UInt64, limit: Int) -> [UInt8] {
    guard offset < byteCount else { return [] }
    let wanted = Int(min(count, byteCount - offset, UInt64(max(0, limit))))
    return [UInt8](unsafeUninitializedCapacity: wanted) { target, initialized in
      initialized = read(at: offset, into: UnsafeMutableRawBufferPointer(target))
    }
  }
}

/// Reads a source from one position on, through a buffer.
final class ImportWindow {
  private let source: ImportSource
  private var room: UnsafeMutableRawBufferPointer
  /// The file offset of the buffer's first byte.
  private var base: UInt64 = 0
  private var count = 0

  private static let roomBytes = 1 << 20

  init(_ source: ImportSource) {
    self.source = source
    let bytes = min(Self.roomBytes, Int(clamping: source.byteCount) + 64)
    room = .allocate(byteCount: max(4096, bytes), alignment: 8)
  }

  deinit { room.deallocate() }

  /// The bytes at an offset, valid until the next call; nil if the file has fewer, or if they are
  /// more than the buffer has room for.
  func bytes(at offset: UInt64, count wanted: Int) -> UnsafeRawBufferPointer? {
    guard wanted <= room.count, wanted >= 0 else { return nil }
    let isInside = offset >= base && offset - base <= UInt64(count)
    if !isInside || count - Int(offset - base) < wanted {
      base = offset
      count = source.read(at: offset, into: room)
    }
    let start = Int(offset - base)
    guard count - start >= wanted else { return nil }
    return UnsafeRawBufferPointer(rebasing: room[start..<start + wanted])
  }
}
