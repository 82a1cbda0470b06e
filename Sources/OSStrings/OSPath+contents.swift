import Glibc

/// Whole small files, such as those of /proc.
extension OSPath {
  /// The first bytes of a file, at most `limit`; nil (errno) when it cannot be opened or read.
  ///
  /// - Cost: allocates `limit` bytes.
  package static func contents(_ path: String, limit: Int) -> [UInt8]? {
    contents(AT_FDCWD, path, limit: limit)
  }

  /// The same of a file below a directory that is open.
  package static func contents(_ directory: Int32, _ path: String, limit: Int) -> [UInt8]? {
    let file = openat(directory, path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var hasFailed = false
    let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
      while filled < buffer.count {
        let count = read(file, buffer.baseAddress! + filled, buffer.count - filled)
        if count < 0, errno == EINTR { continue }
        hasFailed = count < 0 && filled == 0
        guard count > 0 else { break }
        filled += count
      }
    }
    return hasFailed ? nil : bytes
  }

  /// The first line of a file without its end; nil when it cannot be read, or has none.
  package static func firstLine(_ path: String, limit: Int = 4096) -> String? {
    guard let bytes = contents(path, limit: limit), !bytes.isEmpty else { return nil }
    return String(osBytes: bytes.prefix { $0 != UInt8(ascii: "\n") })
  }
}

/// The text of /proc/PID/status.
package enum ProcStatus {
  /// The numbers in the line that begins with `key`, such as `Uid:`; empty without that line.
  package static func numbers(_ key: String, in status: String) -> [UInt32] {
    let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
    return line?.dropFirst(key.utf8.count).split { $0 == "\t" || $0 == " " }
      .compactMap { UInt32($0) } ?? []
  }
}
