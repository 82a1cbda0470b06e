internal import TraceAnalysis

extension Report {
  /// Lines for a report's heading: the lost events, and why numbers may be incomplete. `events` is
  /// the number of events in the trace.
  func completeness(events: UInt64) -> [String] {
    ["  lost       " + lost.text(recorded: events)]
      + partial.map { "  partial    *** " + $0.sentence + " ***" }
  }
}

extension PartialReason {
  fileprivate var sentence: String {
    switch self {
    case .unfinished: "the trace is " + unfinishedState
    case .damaged(let bytes, let places):
      "\(readableBytes(bytes)) are not readable, in \(counted(places, "place"))"
    case .limited(let what): "there are more \(what) than the report keeps"
    }
  }
}
