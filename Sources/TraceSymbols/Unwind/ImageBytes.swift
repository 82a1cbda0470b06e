import Glibc

/// The bytes of an image: an open file, or a mapping of this process.
///
/// Files are read, not mapped: truncating a mapped file would kill its reader.
struct ImageBytes: ~Copyable {
  private let descriptor: Int32
  private let base: UInt64
  let size: UInt64
  /// All 0 if there is no file.
  let status: stat

  /// A regular file, opened by ``ForeignFile``; nil if it does not exist or may not be read.
  init?(path: String, access: FileAccess) {
    let file = ForeignFile.open(path, as: access)
    guard file >= 0 else { return nil }
    var status = stat()
    guard fstat(file, &status) == 0 else {
      close(file)
      return nil
    }
    descriptor = file
    base = 0
    size = UInt64(max(status.st_size, 0))
    self.status = status
  }

  /// The file that a source reads, through a separate descriptor; nil for a source in memory.
  init?(_ source: ByteSource) {
    guard source.isFile else { return nil }
    let file = source.withDescriptor { fcntl($0, F_DUPFD_CLOEXEC, 0) }
    guard file >= 0 else { return nil }
    var status = stat()
    guard fstat(file, &status) == 0 else {
      close(file)
      return nil
    }
    descriptor = file
    base = 0
    size = UInt64(max(status.st_size, 0))
    self.status = status
  }

  /// The kernel's image that every process has mapped, from this process: "[vdso]".
  static func vdso() -> ImageBytes? {
    guard let address = VirtualSharedObject.address() else { return nil }
    // Read as a file, a missing page is an error, not a fault.
    let file = open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    return ImageBytes(descriptor: file, base: UInt64(address), size: 1 << 16)
  }

  private init(descriptor: Int32, base: UInt64, size: UInt64) {
    self.descriptor = descriptor
    self.base = base
    self.size = size
    status = stat()
  }

  deinit { close(descriptor) }

  /// Fills `target` from `offset` on; returns the part read, which is all of it except at the end.
  func read(at offset: UInt64, into target: UnsafeMutableRawBufferPointer) -> Int {
    guard offset < size, let place = off_t(exactly: base &+ offset) else { return 0 }
    let wanted = Int(min(UInt64(target.count), size - offset))
    var done = 0
    while done < wanted {
      let result = pread(descriptor, target.baseAddress! + done, wanted - done, place + done)
      if result > 0 {
        done += result
      } else if result == 0 || errno != EINTR {
        break
      }
    }
    return done
  }

  /// Exactly these bytes; nil if there are fewer, or `count` is more than `limit`.
  func read(at offset: UInt64, count: UInt64, limit: Int) -> [UInt8]? {
    guard count <= UInt64(limit) else { return nil }
    let wanted = Int(count)
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { target, initialized in
      initialized =
        wanted == 0 ? 0 : read(at: offset, into: UnsafeMutableRawBufferPointer(target))
    }
    return bytes.count == wanted ? bytes : nil
  }
}
