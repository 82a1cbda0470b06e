import Glibc

/// The memory in which HotSpot keeps its performance counters for jstat. Any thread may read it at
/// any time. Missing with `-XX:-UsePerfData` or `-XX:+PerfDisableSharedMem`.
enum PerfCounters {
  /// A counter, or a text.
  struct Entry {
    var name: String
    /// Offset of the value.
    var place: Int
    /// Bytes of a text with its zero; 0 for a 64-bit counter.
    var textBytes: Int
  }

  /// The machine's memory; nil if it has none. Stays mapped.
  static func map() -> UnsafeRawBufferPointer? {
    guard let user = getpwuid(geteuid())?.pointee.pw_name else { return nil }
    let path = "/tmp/hsperfdata_\(String(cString: user))/\(getpid())"
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(),
      (32...(1 << 24)).contains(status.st_size),
      let memory = mmap(nil, Int(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0),
      memory != MAP_FAILED
    else { return nil }
    return UnsafeRawBufferPointer(start: memory, count: Int(status.st_size))
  }

  /// Returns the 64-bit counters and the texts in a memory, which may have any contents.
  static func entries(in memory: UnsafeRawBufferPointer) -> [Entry] {
    func word(_ offset: Int) -> Int? {
      guard offset >= 0, offset + 4 <= memory.count else { return nil }
      return Int(memory.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }
    guard word(0) == Int(Int32(bitPattern: 0xC0C0_FECA)), var entry = word(24), let count = word(28)
    else { return [] }
    var found: [Entry] = []
    for _ in 0..<max(0, min(count, 1 << 14)) {
      guard let size = word(entry), size >= 28, entry + size <= memory.count,
        let nameOffset = word(entry + 4), let length = word(entry + 8),
        let dataOffset = word(entry + 16),
        (20..<size).contains(nameOffset)
      else { break }
      let name = memory[(entry + nameOffset)..<(entry + size)].prefix { $0 != 0 }
      let type = memory[entry + 12]
      let isCounter =
        length == 0 && type == UInt8(ascii: "J") && (20...(size - 8)).contains(dataOffset)
        && (entry + dataOffset) % 8 == 0
      let isText =
        type == UInt8(ascii: "B") && (20..<size).contains(dataOffset)
        && (1...(size - dataOffset)).contains(length)
      if isCounter || isText {
        found.append(
          Entry(
            name: String(decoding: name, as: UTF8.self), place: entry + dataOffset,
            textBytes: isText ? length : 0))
      }
      entry += size
    }
    return found
  }

  /// Returns the value of a 64-bit counter.
  static func value(_ entry: Entry, in memory: UnsafeRawBufferPointer) -> UInt64 {
    memory.load(fromByteOffset: entry.place, as: UInt64.self)
  }

  /// Returns a text.
  static func text(_ entry: Entry, in memory: UnsafeRawBufferPointer) -> String {
    let bytes = memory[entry.place..<entry.place + entry.textBytes].prefix { $0 != 0 }
    return String(decoding: bytes, as: UTF8.self)
  }
}
