internal import TraceEvents
internal import TraceFormat

/// The times in which collections stopped programs, for the timeline. `tracectl gc` has the
/// numbers.
final class PauseSpans {
  private struct Process {
    var lane: Int
    var suspended: Int64?
    var started: Int64?
    var hasSuspensions = false
  }

  @exclusivity(unchecked) private var processes: [UInt32: Process] = [:]
  private var suspensions = SpanLog()
  private var collections = SpanLog()

  func subscribe(to replay: Replay, lane: @escaping (UInt32) -> Int) {
    func change(_ header: EventHeader, _ body: (inout Process) -> Void) {
      body(&processes[header.pid, default: Process(lane: lane(header.pid))])
    }
    replay.on(GCSuspendBegin.self) { _, header in
      change(header) {
        $0.suspended = $0.suspended ?? header.timestamp
        $0.hasSuspensions = true
      }
    }
    replay.on(GCRestartEnd.self) { [self] _, header in
      change(header) {
        if let from = $0.suspended { suspensions.add(from, header.timestamp, lane: $0.lane) }
        $0.suspended = nil
      }
    }
    replay.on(GCStart.self) { _, header in change(header) { $0.started = header.timestamp } }
    replay.on(GCEnd.self) { [self] _, header in
      change(header) {
        if let from = $0.started { collections.add(from, header.timestamp, lane: $0.lane) }
        $0.started = nil
      }
    }
  }

  /// The pauses; of a process without suspensions, its collections.
  func finish() -> SpanLog {
    var all = suspensions
    let known = Set(processes.values.filter(\.hasSuspensions).map { UInt32($0.lane) })
    for span in collections.spans where !known.contains(span.lane) {
      all.add(span.from, span.to, lane: Int(span.lane), kind: 1)
    }
    all.sort()
    return all
  }
}
