internal import TraceEvents

extension MethodTier {
  /// The name in the event's schema; the number if it has none.
  var name: String { MethodLoad.schema.caseName(UInt64(rawValue), of: "tier") }
}
