internal import TraceEvents

/// A time from GCSuspendBegin to GCRestartEnd.
struct Suspension {
  let begin: Int64
  let reason: GCSuspendReason
  /// Number of the collection in GCSuspendBegin.
  let number: UInt32
  /// Time at which all threads had stopped.
  var stopped: Int64?
  var end: Int64?
  /// Positions of the collections that began in it.
  var collections: Range<Int>
  /// Position of the background collection that it belongs to, if none began in it.
  var background: Int?
  /// Whether its events contradict each other, so that some must be missing.
  var isBroken = false

  init(_ event: GCSuspendBegin, at time: Int64, nextCollection: Int) {
    begin = time
    reason = event.reason
    number = event.count
    collections = nextCollection..<nextCollection
  }

  /// Whether threads were stopped for a collection, and not for a debugger or the like.
  var isForCollection: Bool {
    reason == .forGC || reason == .gcPrep || !collections.isEmpty || background != nil
  }

  var duration: UInt64? { end.map { UInt64(clamping: $0.subtractingClamped(begin)) } }
  var suspend: UInt64? { stopped.map { UInt64(clamping: $0.subtractingClamped(begin)) } }
}
