internal import TraceEvents
internal import TraceFormat

/// A source of events about code: a replay, or a test's script.
protocol CodeEventSource {
  func on<Event: TraceEvent>(
    _ type: Event.Type, _ handler: @escaping (Event, EventHeader) throws -> Void)
  func onLoss(_ handler: @escaping (LossRecord) throws -> Void)
}

extension Replay: CodeEventSource {}
