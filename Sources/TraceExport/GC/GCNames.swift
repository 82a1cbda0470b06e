internal import TraceEvents

extension GCReason {
  /// The name in the event's schema; the number if it has none.
  var name: String { GCStart.schema.caseName(UInt64(rawValue), of: "reason") }
}

extension GCType {
  /// The name in the event's schema; the number if it has none.
  var name: String { GCStart.schema.caseName(UInt64(rawValue), of: "type") }
}
