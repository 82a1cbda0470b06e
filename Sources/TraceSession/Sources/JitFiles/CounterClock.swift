import TraceFormat

/// Turns the processor's counter, which some jitdump files carry, into CLOCK_MONOTONIC.
struct CounterClock {
  private let first: ClockSync
  private var last: ClockSync

  /// Shorter, and the looks' own errors would count too much.
  private static let spanNanoseconds: UInt64 = 10_000_000

  init(_ first: ClockSync = .now(.counter)) {
    self.first = first
    last = first
  }

  /// Looks at both clocks again.
  mutating func look(_ sync: ClockSync = .now(.counter)) { last = sync }

  /// Nil while the counter's rate is not known.
  func nanoseconds(atTicks ticks: UInt64) -> UInt64? {
    let span = last.monotonicNanoseconds &- first.monotonicNanoseconds
    guard last.monotonicNanoseconds > first.monotonicNanoseconds,
      span >= Self.spanNanoseconds, last.ticks > first.ticks
    else { return nil }
    let slope = Double(span) / Double(last.ticks - first.ticks)
    // From the nearer end: the slope's error grows with the distance.
    let after = Int64(bitPattern: ticks &- first.ticks)
    let before = Int64(bitPattern: last.ticks &- ticks)
    let origin = after.magnitude < before.magnitude ? first : last
    let distance = (Double(origin.ticks == first.ticks ? after : 0 &- before) * slope).rounded()
    guard distance.magnitude < 1e18 else { return nil }
    return origin.monotonicNanoseconds &+ UInt64(bitPattern: Int64(distance))
  }
}
