import Glibc

/// The bytes of an image: an open file, or where this process has it mapped.
///
/// Files are read, not mapped: one that is cut short while it is mapped kills who reads it.
struct ImageBytes: ~Copyable {
  private let descriptor: Int32
  private let base: UInt64
  let size: UInt64
  /// All 0 where there is no file.
  let status: stat

  /// A regular file, as ``ForeignFile`` opens it; nil where there is none or it may not be read.
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

  /// The file that a source reads, by a descriptor of its own; nil for one in memory.
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

  /// The kernel's own image that every process has mapped, as this process has it: "[vdso]".
  static func vdso() -> ImageBytes? {
    guard let address = VirtualSharedObject.address() else { return nil }
    // Read as a file, a page that is not there is an error, not a fault.
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

  /// Fills `target` from `offset` on; what could be read of it, which is all but at the end.
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

  /// Exactly these bytes; nil if there are fewer, or more than `limit` are asked for.
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
