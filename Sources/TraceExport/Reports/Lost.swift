package import TraceAnalysis
internal import TraceFormat

extension LostEvents {
  /// Returns the share of the emitted events: `12.34 %`.
  func share(recorded: UInt64) -> String {
    let share = Double(events) / (Double(events) + Double(recorded)) * 100
    return fixed(share, decimals: 2) + " %"
  }

  /// Returns a line with every cause. `recorded` is the number of events in the trace.
  func text(recorded: UInt64) -> String {
    let older =
      overwrittenEvents == 0 ? "" : counted(overwrittenEvents, "older event") + " overwritten"
    guard events > 0 else { return older.isEmpty ? "none" : "none but \(older)" }
    let list = causes.map { "\($0.cause.name) \(grouped($0.events))" }.joined(separator: ", ")
    return
      "*** \(counted(events, "EVENT", "EVENTS")) LOST (\(share(recorded: recorded))): \(list) ***"
      + (older.isEmpty ? "" : "; \(older)")
  }
}

extension Report {
  /// Explanation of a missing end of file; nil if the file has an end.
  package var unfinishedState: String? {
    for reason in partial {
      if case .unfinished = reason { return reason.unfinishedState }
    }
    return nil
  }

  /// Number of bytes of the file that could not be read, and number of places; nil if the file is
  /// intact.
  package var unreadable: (bytes: UInt64, places: Int)? {
    for case .damaged(let bytes, let places) in partial { return (bytes, places) }
    return nil
  }
}

extension OutputBuffer {
  /// Writes the keys common to all reports: the report's identity and what is missing from it.
  mutating func header(_ name: String, _ report: some Report) {
    field("report", name)
    field("lost") {
      $0.field("events", report.lost.events)
      $0.field("overwritten_events", report.lost.overwrittenEvents)
      $0.field("causes", each: report.lost.causes) {
        $0.field("cause", $1.cause.name)
        $0.field("events", $1.events)
      }
    }
    field("partial", each: report.partial) {
      switch $1 {
      case .unfinished(let isBeingWritten, let completeTo_ns):
        $0.field("reason", "unfinished")
        $0.field("is_being_written", isBeingWritten)
        if let completeTo_ns { $0.field("complete_to_ns", completeTo_ns) }
      case .damaged(let bytes, let places):
        $0.field("reason", "damaged")
        $0.field("unreadable_bytes", bytes)
        $0.field("places", places)
      case .limited(let what):
        $0.field("reason", "limited")
        $0.field("what", what)
      }
    }
  }
}
