import Synchronization
import TraceEvents
import TraceProvider

/// What HotSpot's performance counters state of the heap and of collections.
enum HeapCounters {
  private struct Counters: @unchecked Sendable {
    var memory = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The `used` counters of each generation.
    var used: [[PerfCounters.Entry]] = []
    var collectors = CollectorCounters([])
  }

  private static let counters = Mutex(Counters())

  /// Called when the machine is live, because all counters exist by then.
  static func prepare() {
    guard let memory = PerfCounters.map() else { return }
    let entries = PerfCounters.entries(in: memory)
    counters.withLock { counters in
      counters.memory = memory
      counters.used = Array(repeating: [], count: 3)
      for entry in entries where entry.textBytes == 0 {
        if let generation = generation(entry.name) { counters.used[generation].append(entry) }
      }
      counters.collectors = CollectorCounters(entries)
    }
  }

  /// The machine's name of what collects the young generation; empty if not known.
  static var collectorName: String {
    counters.withLock { $0.collectors.youngName(in: $0.memory) }
  }

  /// Returns how often each collector has begun; empty if that is not known.
  static func invocations() -> [UInt64] {
    counters.withLock { $0.collectors.invocations(in: $0.memory) }
  }

  /// Emits the collector and the cause of a collection that has ended; `before` is the result of
  /// ``invocations()`` when it began. Called within the machine's notification of the end.
  static func emitHistory(_ ordinal: UInt32, before: [UInt64]) {
    let found = counters.withLock { $0.collectors.collection(since: before, in: $0.memory) }
    guard let found else { return }
    Runtime.provider.emit(
      GCHistory(
        count: ordinal, depth: found.generation,
        cause: found.cause.clipped(toBytes: TextLimit.nameBytes),
        collector: found.collector.clipped(toBytes: TextLimit.nameBytes)),
      stack: { _ in })
  }

  /// Emits the size of each generation after a collection.
  static func emitStats() {
    let sizes: [UInt64]? = counters.withLock { counters in
      guard counters.used.contains(where: { !$0.isEmpty }) else { return nil }
      return counters.used.map { entries in
        entries.reduce(0) { $0 &+ PerfCounters.value($1, in: counters.memory) }
      }
    }
    guard let sizes else { return }
    Runtime.provider.emit(
      GCHeapStats(
        generationSize0: sizes[0], generationSize1: sizes[1], generationSize2: sizes[2]),
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
}
