import CTraceShims
import Glibc
import OSStrings

/// Reads a directory without allocating memory for a stream, as `opendir` does.
enum DirectoryNames {
  /// Passes the name of each entry, from the descriptor's position on, to `visit`, which returns
  /// whether to go on. Ends silently at an error.
  static func visit(_ descriptor: Int32, _ visit: (String) -> Bool) {
    withUnsafeTemporaryAllocation(byteCount: bufferBytes, alignment: 8) { buffer in
      while true {
        let count = trace_directory_entries(
          descriptor, buffer.baseAddress!, UInt(buffer.count))
        guard count > 0 else { return }
        let entries = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        guard visitEach(entries, visit) else { return }
      }
    }
  }

  private static func visitEach(
    _ entries: UnsafeRawBufferPointer, _ visit: (String) -> Bool
  ) -> Bool {
    var offset = 0
    while offset + nameOffset < entries.count {
      let length = entries.loadUnaligned(fromByteOffset: offset + lengthOffset, as: UInt16.self)
      let end = offset + Int(length)
      guard end > offset + nameOffset, end <= entries.count else { return false }
      let name = entries[(offset + nameOffset)..<end].prefix { $0 != 0 }
      guard visit(String(osBytes: UnsafeRawBufferPointer(rebasing: name))) else { return false }
      offset = end
    }
    return true
  }

  /// Temporary allocations of up to this size are on the stack. An entry has at most 280 bytes.
  private static let bufferBytes = 1024
  private static let lengthOffset = MemoryLayout<dirent>.offset(of: \dirent.d_reclen)!
  private static let nameOffset = MemoryLayout<dirent>.offset(of: \dirent.d_name)!
}
