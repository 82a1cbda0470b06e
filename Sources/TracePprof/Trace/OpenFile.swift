internal import Glibc
internal import OSStrings

/// A file without a name, which ends with its descriptor.
final class OpenFile: Sendable {
  let descriptor: Int32

  static var refusal: PprofRefusal {
    PprofRefusal(500, "No file can be created: \(String(cString: strerror(errno))).")
  }

  /// Creates a file in the directory for temporary files.
  init() throws(PprofRefusal) {
    let directory = OSPath.getenv("TMPDIR") ?? ""
    let number = String(UInt64.random(in: .min ... .max), radix: 16)
    let path = (directory.isEmpty ? "/tmp" : directory) + "/pprof-\(number)"
    descriptor = OSPath.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Self.refusal }
    _ = OSPath.unlink(path)
  }

  deinit { close(descriptor) }

  var byteCount: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The bytes from `offset` on, at most `count`; fewer if the file cannot be read.
  func bytes(at offset: Int, count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { room, filled in
      while filled < count, let base = room.baseAddress {
        let read = pread(descriptor, base + filled, count - filled, off_t(offset + filled))
        if read < 0, errno == EINTR { continue }
        if read <= 0 { break }
        filled += read
      }
    }
  }
}
