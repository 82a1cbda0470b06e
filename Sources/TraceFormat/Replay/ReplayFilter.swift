public import TraceEvents

/// Which events are handed out. Nil admits everything.
public struct ReplayFilter: Sendable {
  /// Nanoseconds since the trace's start, both ends included.
  public var time: ClosedRange<Int64>?
  /// Which event types; called once for each type, on any thread.
  public var admits: (@Sendable (EventSchema) -> Bool)?
  public var pids: Set<UInt32>?
  public var tids: Set<UInt32>?
  public var processIndexes: Set<UInt32>?

  public init() {}
}

/// What a filter says of single events, in the terms of one file: its ticks.
///
/// Filters that say the same are one sieve, so subscriptions share the work.
struct EventSieve: Hashable {
  /// First and last ticks; nothing passes when they are the wrong way round.
  private(set) var first: UInt64 = 0
  private(set) var last = UInt64.max
  private var pids: Set<UInt32>?
  private var tids: Set<UInt32>?
  private var processIndexes: Set<UInt32>?

  /// What passes all of `filters`.
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
    }
  }

  private static func common(_ a: Set<UInt32>?, _ b: Set<UInt32>?) -> Set<UInt32>? {
    guard let a, let b else { return a ?? b }
    return a.intersection(b)
  }

  var concernsOrigins: Bool { pids != nil || tids != nil || processIndexes != nil }

  /// Whether any event between these ticks may pass.
  func overlaps(_ first: UInt64, _ last: UInt64) -> Bool {
    self.first <= self.last && first <= self.last && self.first <= last
  }

  func admits(_ origin: EventOrigin) -> Bool {
    (pids?.contains(origin.pid) ?? true) && (tids?.contains(origin.tid) ?? true)
      && (processIndexes?.contains(origin.processIndex) ?? true)
  }
}

extension ClockMap {
  /// The ticks of the events in a span of time.
  func ticks(of time: ClosedRange<Int64>) -> ClosedRange<UInt64> {
    let first = ticks(ofTimestamp: time.lowerBound)
    guard time.upperBound < .max else { return first...UInt64.max }
    let afterLast = ticks(ofTimestamp: time.upperBound + 1)
    return first...max(first, afterLast == .max ? .max : max(afterLast, 1) - 1)
  }
}
