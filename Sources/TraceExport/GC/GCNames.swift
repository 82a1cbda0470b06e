internal import TraceAnalysis
internal import TraceEvents

extension GCReason {
  /// The name in the event's schema; the number if it has none.
  var name: String { GCStart.schema.caseName(UInt64(rawValue), of: "reason") }
}

extension GCType {
  /// The name in the event's schema; the number if it has none.
  var name: String { GCStart.schema.caseName(UInt64(rawValue), of: "type") }
}

extension GCReport.Cause {
  /// The runtime's words, or the name in the event's schema.
  var name: String {
    switch self {
    case .reason(let reason): reason.name
    case .text(let text): text
    }
  }
}
