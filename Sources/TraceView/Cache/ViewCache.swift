internal import Glibc
internal import OSStrings

/// What was learned about a trace, in files of a directory beside it: `trace.etl.view`.
///
/// - Guarantee: a file is believed only if this user wrote it for the trace as it is now: it has
///   the code of ``SipHash`` under the user's ``CacheKey`` over its bytes and over the trace's
///   device, inode, size, times of change, and parts of its content. Files are replaced as a whole.
///   A cache that cannot be read or written is no error: it is as if there were none.
struct ViewCache {
  /// Maximum size of a file.
  static let bytesMax = 192 << 20
  /// To be raised with every change of what is in the files, or of how it is found.
  private static let version: UInt64 = 2
  private static let partBytes = 4096
  private static let parts = 256

  private let directory: String
  private let key: [UInt8]
  /// What the trace is.
  private let mark: [UInt8]

  /// - Returns: nil if the user has no secret, or if the trace cannot be read.
  init?(trace path: String, keyDirectory: String?) {
    guard let keyDirectory, let key = CacheKey.key(in: keyDirectory),
      let mark = Self.mark(path, key)
    else { return nil }
    (directory, self.key, self.mark) = (path + ".view", key, mark)
  }

  private static func mark(_ path: String, _ key: [UInt8]) -> [UInt8]? {
    let descriptor = OSPath.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    let size = Int(status.st_size)
    var coder = CacheWriter()
    coder.write(Self.version)
    coder.write(UInt64(status.st_dev))
    coder.write(UInt64(status.st_ino))
    for number in [
      size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
      status.st_ctim.tv_nsec,
    ] { coder.write(Int64(number)) }
    // The ends, with the session and the index, and parts between them.
    var content = [UInt8](repeating: 0, count: parts * partBytes)
    for part in 0..<parts {
      let offset = max(0, size - partBytes) / (parts - 1) * part
      let place = part == parts - 1 ? max(0, size - partBytes) : offset
      content.withUnsafeMutableBytes { buffer in
        let base = buffer.baseAddress.map { $0 + part * partBytes }
        _ = pread(descriptor, base, partBytes, off_t(place))
      }
    }
    coder.bytes += content.withUnsafeBytes { SipHash.code(of: $0, key: key) }
    return coder.bytes
  }

  /// The content of a file; nil if there is none to be believed.
  func read(_ name: String) -> [UInt8]? {
    guard let folder = open(creates: false) else { return nil }
    defer { close(folder) }
    let descriptor = OSPath.openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_uid == geteuid(), status.st_size <= Self.bytesMax,
      let bytes = Self.contents(descriptor, Int(status.st_size)),
      bytes.count >= SipHash.bytes + mark.count
    else { return nil }
    let start = bytes.count - SipHash.bytes - mark.count
    guard bytes[start..<(start + mark.count)].elementsEqual(mark),
      bytes.suffix(SipHash.bytes).elementsEqual(code(of: bytes, count: start + mark.count, name))
    else { return nil }
    return Array(bytes[..<start])
  }

  /// Replaces a file. Nothing happens if that fails.
  func write(_ name: String, _ content: [UInt8]) {
    guard content.count + mark.count + SipHash.bytes <= Self.bytesMax,
      let folder = open(creates: true)
    else { return }
    defer { close(folder) }
    var bytes = content + mark
    bytes += code(of: bytes, count: bytes.count, name)
    let draft = ".\(name).\(getpid())"
    _ = OSPath.unlinkat(folder, draft, 0)
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    let descriptor = OSPath.openat(folder, draft, flags, 0o600)
    guard descriptor >= 0 else { return }
    let isWritten = Self.write(descriptor, bytes)
    close(descriptor)
    guard isWritten, OSPath.renameat(folder, draft, folder, name) == 0 else {
      _ = OSPath.unlinkat(folder, draft, 0)
      return
    }
  }

  /// The code also covers the file's name, so that one file cannot stand for another.
  private func code(of bytes: [UInt8], count: Int, _ name: String) -> [UInt8] {
    let inner = bytes.withUnsafeBytes {
      SipHash.code(of: UnsafeRawBufferPointer(rebasing: $0[..<count]), key: key)
    }
    return (inner + Array(name.utf8)).withUnsafeBytes { SipHash.code(of: $0, key: key) }
  }

  /// Opens the directory, if it is the user's and nobody else may write into it.
  private func open(creates: Bool) -> Int32? {
    if creates { _ = OSPath.mkdir(directory, 0o700) }
    let descriptor = OSPath.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(),
      status.st_mode & 0o022 == 0
    else {
      close(descriptor)
      return nil
    }
    return descriptor
  }

  private static func contents(_ descriptor: Int32, _ size: Int) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let part = Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, size - count)
        if part < 0, errno == EINTR { continue }
        guard part > 0 else { return }
        count += part
      }
    }
    return bytes.count == size ? bytes : nil
  }

  private static func write(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var count = 0
      while count < buffer.count {
        let base = buffer.baseAddress.map { $0 + count }
        let part = Glibc.write(descriptor, base, buffer.count - count)
        if part < 0, errno == EINTR { continue }
        guard part > 0 else { return false }
        count += part
      }
      return true
    }
  }
}
