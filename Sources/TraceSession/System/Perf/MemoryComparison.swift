import Glibc
import OSStrings
import TraceEvents

/// Compares a process's memory with the file of an image that was mapped at the same addresses.
///
/// - Cost: reads at most ``comparedMax`` bytes of each.
enum MemoryComparison {
  static let comparedMax = 1 << 20
  private static let windowBytes = 4096

  /// Whether the process's memory at the part's addresses equals the image's file.
  static func isUnchanged(
    _ part: ImageMap, of mapping: ImageFiles.Mapping, _ files: ImageFiles
  ) -> Bool {
    let memory = OSPath.open("/proc/\(mapping.pid)/mem", O_RDONLY | O_CLOEXEC)
    guard memory >= 0 else { return false }
    defer { close(memory) }
    guard let file = files.open(mapping) else { return false }
    defer { close(file) }
    let size = part.size
    let windows = UInt64(comparedMax / windowBytes)
    // In a long part, windows at equal distances are compared, the last one at its end.
    let step = size <= UInt64(comparedMax) ? UInt64(windowBytes) : size / windows
    var offset: UInt64 = 0
    while offset < size {
      let isLast = size - offset <= max(step, UInt64(windowBytes))
      if isLast, size > UInt64(windowBytes) { offset = size - UInt64(windowBytes) }
      let count = Int(min(UInt64(windowBytes), size - offset))
      let inMemory = bytes(memory, at: part.baseAddress &+ offset, count)
      let inFile = bytes(file, at: part.fileOffset &+ offset, count)
      // After the file's end, memory has zeros.
      guard inMemory.count == count, inMemory.starts(with: inFile),
        inMemory[inFile.count...].allSatisfy({ $0 == 0 }), offset > 0 || !inFile.isEmpty
      else { return false }
      if isLast { return true }
      offset += step
    }
    return false
  }

  private static func bytes(_ file: Int32, at offset: UInt64, _ count: Int) -> [UInt8] {
    guard let place = off_t(exactly: offset) else { return [] }
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, pread(file, buffer.baseAddress, count, place))
    }
  }
}
