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

  private static let whole = 1
  private static let concurrent = 2
  private static let noCause = "No GC"
  // Up to JDK 17, where the parallel collector leaves out the young generation after a failed
  // allocation, because the old one has no room for its objects, it changes the cause for the time
  // of the collection.
  private static let parallel = "Parallel"
  private static let changesCauseUpTo = 17
  private static let failure = "Allocation Failure"
  private static let ergonomics = "Ergonomics"

  private var collectors: [Collector] = []
  private var cause: PerfCounters.Entry?
  private var lastCause: PerfCounters.Entry?
  /// The machine's version; the highest byte of the four is that of the JDK.
  private var version: PerfCounters.Entry?

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
    version = byName["sun.rt.jvmVersion"].flatMap { $0.textBytes == 0 ? $0 : nil }
  }

  /// Returns how often each collector has begun.
  func invocations(in memory: UnsafeRawBufferPointer) -> [UInt64] {
    collectors.map { PerfCounters.value($0.invocations, in: memory) }
  }

  /// Returns the name of what collects the young generation; empty if not known.
  func youngName(in memory: UnsafeRawBufferPointer) -> String {
    text(collectors.first { $0.number == 0 }?.name, in: memory)
  }

  /// Returns what is known of a collection that ends now and began when the collectors had begun as
  /// often as in `before`; nil if no collector has begun since.
  ///
  /// Some operations restore the cause before the end is notified, and others after it. A step of a
  /// concurrent cycle is counted before its beginning is notified, and sets no cause with G1; it
  /// is then empty, because the last cause may be that of another collection.
  func collection(since before: [UInt64], in memory: UnsafeRawBufferPointer) -> Collection? {
    guard before.count == collectors.count else { return nil }
    let now = invocations(in: memory)
    // In one operation, the young generation and then the whole heap may be collected.
    let index =
      now.indices.last { now[$0] > before[$0] }
      ?? collectors.firstIndex { $0.number == Self.concurrent }
    guard let collector = index.map({ collectors[$0] }) else { return nil }
    let begun = collectors.indices.filter { now[$0] > before[$0] }.map { collectors[$0].number }
    let name = text(collector.name, in: memory)
    var cause = text(self.cause, in: memory)
    if cause == Self.noCause {
      cause = collector.number == Self.concurrent ? "" : text(lastCause, in: memory)
    }
    if begun == [Self.whole], cause == Self.failure, name.hasPrefix(Self.parallel),
      let version, PerfCounters.value(version, in: memory) >> 24 <= Self.changesCauseUpTo
    {
      cause = Self.ergonomics
    }
    return Collection(
      generation: collector.number == 0 ? 0 : 1, cause: cause, collector: name)
  }

  private func text(_ entry: PerfCounters.Entry?, in memory: UnsafeRawBufferPointer) -> String {
    entry.map { PerfCounters.text($0, in: memory) } ?? ""
  }
}
