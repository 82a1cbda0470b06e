internal import TraceAnalysis
internal import TraceFormat

/// Passes the names of the events' threads to a format.
///
/// - Cost: one comparison per event if the trace has no names; otherwise four, and a lookup
///   whenever the thread differs from the previous event's.
struct ThreadNaming {
  private let reader: ThreadNameReader
  private var hasNames = false
  private var span = ThreadNameSpan.none

  init(_ replay: Replay) { reader = ThreadNameReader(replay.file) }

  /// Reads events added since the last call.
  mutating func update() throws {
    try reader.update()
    hasNames = !reader.isEmpty
    span = .none
  }

  /// Sets the name for an event, if it differs from that of the previous event.
  @inline(__always)
  mutating func prepare(_ format: inout some EventFormat, for event: EventLine) {
    guard hasNames else { return }
    if event.tid != span.tid || event.pid != span.pid || event.time < span.from
      || event.time >= span.before
    {
      change(&format, for: event)
    }
  }

  @inline(never)
  private mutating func change(_ format: inout some EventFormat, for event: EventLine) {
    let before = span.name
    span = reader.name(of: event.tid, pid: event.pid, at: event.time)
    if span.name != before { format.setThread(name: span.name) }
  }
}
