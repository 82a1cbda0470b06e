public import TraceEvents

/// Which events a replay hands out. What is nil admits all.
public struct ReplayFilter {
  /// Nanoseconds since the trace's start, both ends included.
  public var time: ClosedRange<Int64>?
  /// Which event types, asked once a type.
  public var admits: ((EventSchema) -> Bool)?
  public var pids: Set<UInt32>?
  public var tids: Set<UInt32>?
  public var processIndexes: Set<UInt32>?

  public init() {}

  var concernsOrigins: Bool { pids != nil || tids != nil || processIndexes != nil }

  func admits(_ origin: EventOrigin) -> Bool {
    (pids?.contains(origin.pid) ?? true) && (tids?.contains(origin.tid) ?? true)
      && (processIndexes?.contains(origin.processIndex) ?? true)
  }
}
