public import TraceEvents

/// A filter for events. A nil property admits everything.
public struct ReplayFilter: Sendable {
  /// Nanoseconds since the trace's start, both ends included.
  public var time: ClosedRange<Int64>?
  /// Predicate for event types, called once per type on any thread.
  public var admits: (@Sendable (EventSchema) -> Bool)?
  public var pids: Set<UInt32>?
  public var tids: Set<UInt32>?
  public var processIndexes: Set<UInt32>?
  /// A part of all process ids, for one of several readers that share a trace.
  package var pidShare: PIDShare?

  public init() {}
}

/// The part of all process ids that belongs to one of several readers. Each id belongs to exactly
/// one of them.
package struct PIDShare: Hashable, Sendable {
  /// Ids that have been given to a reader, ascending, and the reader of each. The remainder of an
  /// id's division by `readerCount` decides for the others.
  private let known: [UInt32]
  private let readers: [Int]
  private let readerCount: Int
  private let reader: Int

  package init(of reader: Int, among readerCount: Int, readers: [UInt32: Int]) {
    (self.reader, self.readerCount) = (reader, readerCount)
    let sorted = readers.sorted { $0.key < $1.key }
    (known, self.readers) = (sorted.map(\.key), sorted.map(\.value))
  }

  package func contains(_ pid: UInt32) -> Bool {
    var low = 0
    var high = known.count
    while low < high {
      let middle = (low + high) / 2
      if known[middle] < pid { low = middle + 1 } else { high = middle }
    }
    let isKnown = low < known.count && known[low] == pid
    return (isKnown ? readers[low] : Int(pid) % readerCount) == reader
  }
}

/// A filter's conditions on single events, in the ticks of one file.
///
/// Equal filters share one sieve, so subscriptions share the work.
struct EventSieve: Hashable {
  /// First and last ticks. If the first exceeds the last, nothing passes.
  private(set) var first: UInt64 = 0
  private(set) var last = UInt64.max
  private var pids: Set<UInt32>?
  private var tids: Set<UInt32>?
  private var processIndexes: Set<UInt32>?
  private var pidShares: Set<PIDShare> = []

  /// Creates the sieve for events that pass all of `filters`.
  init(_ filters: [ReplayFilter], _ clock: ClockMap) {
    for filter in filters {
      if let time = filter.time {
        let ticks = clock.ticks(of: time)
        first = max(first, ticks.lowerBound)
        last = min(last, ticks.upperBound)
      }
      pids = Self.common(pids, filter.pids)
      tids = Self.common(tids, filter.tids)
      processIndexes = Self.common(processIndexes, filter.processIndexes)
      if let share = filter.pidShare { pidShares.insert(share) }
    }
  }

  private static func common(_ a: Set<UInt32>?, _ b: Set<UInt32>?) -> Set<UInt32>? {
    guard let a, let b else { return a ?? b }
    return a.intersection(b)
  }

  var concernsOrigins: Bool {
    pids != nil || tids != nil || processIndexes != nil || !pidShares.isEmpty
  }

  /// Whether any event in this range of ticks may pass.
  func overlaps(_ first: UInt64, _ last: UInt64) -> Bool {
    self.first <= self.last && first <= self.last && self.first <= last
  }

  func admits(_ origin: EventOrigin) -> Bool {
    (pids?.contains(origin.pid) ?? true) && (tids?.contains(origin.tid) ?? true)
      && (processIndexes?.contains(origin.processIndex) ?? true)
      && pidShares.allSatisfy { $0.contains(origin.pid) }
  }
}

extension ClockMap {
  /// Returns the range of ticks for a span of time.
  func ticks(of time: ClosedRange<Int64>) -> ClosedRange<UInt64> {
    let first = ticks(ofTimestamp: time.lowerBound)
    guard time.upperBound < .max else { return first...UInt64.max }
    let afterLast = ticks(ofTimestamp: time.upperBound + 1)
    return first...max(first, afterLast == .max ? .max : max(afterLast, 1) - 1)
  }
}
