import TraceFormat

/// Converts the processor's counter, used in some jitdump files, to CLOCK_MONOTONIC.
struct CounterClock {
  private let first: ClockSync
  private var last: ClockSync

  /// Minimum time between the readings; in shorter spans, reading errors have too much effect.
  private static let spanNanoseconds: UInt64 = 10_000_000

  init(_ first: ClockSync = .now(.counter)) {
    self.first = first
    last = first
  }

  /// Reads both clocks again.
  mutating func look(_ sync: ClockSync = .now(.counter)) { last = sync }

  /// Converts ticks; nil while the counter's rate is not known.
  func nanoseconds(atTicks ticks: UInt64) -> UInt64? {
    let span = last.monotonicNanoseconds &- first.monotonicNanoseconds
    guard last.monotonicNanoseconds > first.monotonicNanoseconds,
      span >= Self.spanNanoseconds, last.ticks > first.ticks
    else { return nil }
    let slope = Double(span) / Double(last.ticks - first.ticks)
    // Computed from the nearer reading, because the slope's error grows with the distance.
    let after = Int64(bitPattern: ticks &- first.ticks)
    let before = Int64(bitPattern: last.ticks &- ticks)
    let origin = after.magnitude < before.magnitude ? first : last
    let distance = (Double(origin.ticks == first.ticks ? after : 0 &- before) * slope).rounded()
    guard distance.magnitude < 1e18 else { return nil }
    return origin.monotonicNanoseconds &+ UInt64(bitPattern: Int64(distance))
  }
}
