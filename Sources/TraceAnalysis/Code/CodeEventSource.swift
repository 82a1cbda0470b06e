internal import TraceEvents
internal import TraceFormat

/// What hands out the events that tell of code: a replay, or who passes on a session's.
protocol CodeEventSource {
  func on<Event: TraceEvent>(
    _ type: Event.Type, _ handler: @escaping (Event, EventHeader) throws -> Void)
  func onLoss(_ handler: @escaping (LossRecord) throws -> Void)
}

extension Replay: CodeEventSource {}

extension ProcessRecord {
  /// When this process took over the pid of one that was met before; nil where it is the same.
  func boundary(after last: ProcessRecord) -> UInt64? {
    let isOther = last.startTime != startTime
    guard isOther || last.endTicks.map({ $0 <= joinTicks }) == true else { return nil }
    return min(last.endTicks ?? joinTicks, joinTicks)
  }
}
