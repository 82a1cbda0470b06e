import Glibc
import Synchronization
import TraceEvents
import TraceProvider

/// Reads the heap's sizes from the counters that HotSpot provides for jstat, in a memory page that
/// any thread may read at any time. Missing with `-XX:-UsePerfData` or `-XX:+PerfDisableSharedMem`.
enum HeapCounters {
  /// Addresses of the `used` counters, by generation.
  private static let counters = Mutex<[[UInt]]>([])

  /// Called when the machine is live, because all counters exist by then.
  static func prepare() {
    guard let memory = map() else { return }
    let found = PerfCounters.offsets(in: memory, matching: generation)
    counters.withLock { counters in
      counters = Array(repeating: [], count: 3)
      for (generation, offset) in found {
        counters[generation].append(UInt(bitPattern: memory.baseAddress!) + UInt(offset))
      }
    }
  }

  /// Emits the size of each generation after a collection.
  static func emitStats() {
    let sizes: [UInt64]? = counters.withLock { counters in
      guard counters.contains(where: { !$0.isEmpty }) else { return nil }
      return counters.map {
        $0.reduce(0) { $0 &+ (UnsafePointer<UInt64>(bitPattern: $1)?.pointee ?? 0) }
      }
    }
    guard let sizes else { return }
    Runtime.provider.emit(
      GCHeapStats(
        generationSize0: sizes[0], totalPromotedSize0: 0, generationSize1: sizes[1],
        totalPromotedSize1: 0, generationSize2: sizes[2], totalPromotedSize2: 0,
        generationSize3: 0, totalPromotedSize3: 0, finalizationPromotedSize: 0,
        finalizationPromotedCount: 0, pinnedObjectCount: 0, sinkBlockCount: 0, gcHandleCount: 0),
      stack: { _ in })
  }

  /// Parses a counter's name, such as "sun.gc.generation.1.space.0.used", which yields 1.
  private static func generation(_ name: String) -> Int? {
    let parts = name.split(separator: ".")
    guard parts.count == 7, parts[..<3] == ["sun", "gc", "generation"], parts[4] == "space",
      parts[6] == "used", let generation = Int(parts[3]), (0..<3).contains(generation)
    else { return nil }
    return generation
  }

  private static func map() -> UnsafeRawBufferPointer? {
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
}

/// The memory in which HotSpot keeps its performance counters.
enum PerfCounters {
  /// The 64-bit counters for which `match` returns a value, with their offsets.
  static func offsets<T>(
    in memory: UnsafeRawBufferPointer, matching match: (String) -> T?
  ) -> [(T, Int)] {
    func word(_ offset: Int) -> Int? {
      guard offset >= 0, offset + 4 <= memory.count else { return nil }
      return Int(memory.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }
    guard word(0) == Int(Int32(bitPattern: 0xC0C0_FECA)), var entry = word(24), let count = word(28)
    else { return [] }
    var found: [(T, Int)] = []
    for _ in 0..<max(0, min(count, 1 << 14)) {
      guard let size = word(entry), size >= 28, entry + size <= memory.count,
        let nameOffset = word(entry + 4), let length = word(entry + 8),
        let dataOffset = word(entry + 16),
        (20..<size).contains(nameOffset)
      else { break }
      let name = memory[(entry + nameOffset)..<(entry + size)].prefix { $0 != 0 }
      let place = entry + dataOffset
      if length == 0, memory[entry + 12] == UInt8(ascii: "J"),
        (20...(size - 8)).contains(dataOffset),
        place % 8 == 0, let value = match(String(decoding: name, as: UTF8.self))
      {
        found.append((value, place))
      }
      entry += size
    }
    return found
  }
}
