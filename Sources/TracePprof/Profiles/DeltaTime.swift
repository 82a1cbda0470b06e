internal import TraceFormat

/// The time between the two profiles whose difference is wanted: the parameter `seconds`.
struct DeltaTime {
  var seconds: Double

  /// Nil if no difference is wanted.
  init?(_ query: PprofQuery, _ options: PprofOptions) throws(PprofRefusal) {
    guard query.text("seconds") != nil else { return nil }
    seconds = try query.seconds(default: 1, limit: options.secondsMax)
    if try query.number("debug", in: 0...2, default: 0) != 0 {
      throw PprofRefusal(
        400, "The parameters 'seconds' and 'debug' do not go together: a difference is no text.")
    }
  }

  /// Waits, and returns how long.
  ///
  /// - Throws: if the client has left.
  func wait(_ cancellation: Cancellation) throws(PprofRefusal) -> Int64 {
    let start = ClockSync.now(.monotonic).monotonicNanoseconds
    cancellation.wait(nanoseconds: UInt64(seconds * 1e9))
    if cancellation.isSet { throw PprofRefusal(503, "The profile was ended.") }
    return Int64(clamping: ClockSync.now(.monotonic).monotonicNanoseconds &- start)
  }
}
