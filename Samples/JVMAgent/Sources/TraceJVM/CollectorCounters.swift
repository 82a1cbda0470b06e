/// HotSpot's counters of its collectors, and the texts of the current and the last cause.
///
/// Collector 0 collects the young generation, collector 1 the whole heap, and collector 2 stops
/// threads for a step of a concurrent cycle.
struct CollectorCounters {
  /// What is known of a collection.
  struct Collection: Equatable {
    var generation: UInt32
    var cause: String
    var collector: String
  }

  private struct Collector {
    var number: Int
    var invocations: PerfCounters.Entry
    var name: PerfCounters.Entry?
  }

  private static let concurrent = 2
  private static let noCause = "No GC"

  private var collectors: [Collector] = []
  private var cause: PerfCounters.Entry?
  private var lastCause: PerfCounters.Entry?

  init(_ entries: [PerfCounters.Entry]) {
    let byName = Dictionary(entries.map { ($0.name, $0) }) { first, _ in first }
    func text(_ name: String) -> PerfCounters.Entry? {
      byName[name].flatMap { $0.textBytes > 0 ? $0 : nil }
    }
    for number in 0...Self.concurrent {
      let prefix = "sun.gc.collector.\(number)."
      guard let invocations = byName[prefix + "invocations"], invocations.textBytes == 0
      else { continue }
      collectors.append(
        Collector(number: number, invocations: invocations, name: text(prefix + "name")))
    }
    cause = text("sun.gc.cause")
    lastCause = text("sun.gc.lastCause")
  }

  /// Returns how often each collector has begun.
  func invocations(in memory: UnsafeRawBufferPointer) -> [UInt64] {
    collectors.map { PerfCounters.value($0.invocations, in: memory) }
  }

  /// Returns what is known of a collection that ends now and began when the collectors had begun as
  /// often as in `before`; nil if no collector has begun since.
  ///
  /// Some operations restore the cause before the end is notified, and others after it. A step of a
  /// concurrent cycle does not set it.
  func collection(since before: [UInt64], in memory: UnsafeRawBufferPointer) -> Collection? {
    guard before.count == collectors.count else { return nil }
    let now = invocations(in: memory)
    // In one operation, the young generation and then the whole heap may be collected.
    guard let index = now.indices.last(where: { now[$0] > before[$0] }) else { return nil }
    let collector = collectors[index]
    var text = cause.map { PerfCounters.text($0, in: memory) } ?? ""
    if text == Self.noCause, collector.number != Self.concurrent, let lastCause {
      text = PerfCounters.text(lastCause, in: memory)
    }
    return Collection(
      generation: collector.number == 0 ? 0 : 1, cause: text,
      collector: collector.name.map { PerfCounters.text($0, in: memory) } ?? "")
  }
}
