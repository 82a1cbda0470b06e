internal import TraceEvents

/// A collection while its events arrive.
struct CollectionRecord {
  let start: GCStart
  let begin: Int64
  var end: Int64?
  /// Bytes allocated since the previous collection began.
  let allocated: UInt64
  /// Heap after the previous collection and what was allocated since, and the time from which on it
  /// is known.
  let before: (bytes: UInt64, since: Int64)?
  /// The heap before the collection, if the runtime stated it.
  var statedBefore: UInt64?
  /// The heap after the collection, and the time at which it was reported.
  var after: (bytes: UInt64, promoted: UInt64, at: Int64)?

  /// What the runtime knew when the collection had ended.
  var history: GCHistory?

  var isBackground: Bool { start.type == .background }
  var generation: UInt32 { history?.depth ?? start.depth }

  var cause: GCReport.Cause {
    guard let history, !history.cause.isEmpty else { return .reason(start.reason) }
    return .text(history.cause)
  }

  var collect: UInt64? { end.map { UInt64(clamping: $0.subtractingClamped(begin)) } }
}
