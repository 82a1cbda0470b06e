internal import CTraceShims
internal import Glibc

extension ClockKind {
  /// The clock for traces recorded on this machine: the processor's counter if it runs at a
  /// constant rate and is synchronized between CPUs, otherwise CLOCK_MONOTONIC. This is the only
  /// place where the choice is made.
  public static let here: ClockKind = trace_ticks_are_invariant() ? .counter : .monotonic

  /// Returns the current reading of the clock on this machine.
  ///
  /// - Cost: some 10 ns.
  public func now() -> UInt64 {
    switch self {
    case .counter: trace_ticks()
    case .monotonic: trace_monotonic_ns()
    }
  }

  /// Ticks per second on this machine: as stated by the processor, or as measured briefly against
  /// another clock. Readers use it only until they have two clock syncs.
  ///
  /// - Cost: 10 ms, once, if the processor does not state the counter's rate.
  public var ticksPerSecond: UInt64 {
    switch self {
    case .counter: Self.counterRate
    case .monotonic: 1_000_000_000
    }
  }

  private static let counterRate: UInt64 = {
    let stated = trace_ticks_per_second_stated()
    if stated != 0 { return stated }
    let first = ClockSync.now(.counter)
    usleep(calibrationMicroseconds)
    let second = ClockSync.now(.counter)
    let nanoseconds = second.monotonicNanoseconds - first.monotonicNanoseconds
    return UInt64(Double(second.ticks - first.ticks) / Double(max(1, nanoseconds)) * 1e9)
  }()

  private static let calibrationMicroseconds: UInt32 = 10_000
}

extension ClockSync {
  /// Reads the clocks of this machine together: takes a few readings and returns the quickest.
  ///
  /// - Cost: about a microsecond.
  public static func now(_ clock: ClockKind = .here) -> ClockSync {
    var best: ClockSync?
    var bestWidth = UInt64.max
    for _ in 0..<5 {
      let before = clock.now()
      let monotonicNanoseconds = trace_monotonic_ns()
      let realtime = trace_realtime_ns()
      let after = clock.now()
      guard after &- before < bestWidth else { continue }
      bestWidth = after &- before
      best = ClockSync(
        ticks: clock == .monotonic ? monotonicNanoseconds : before &+ bestWidth / 2,
        monotonicNanoseconds: monotonicNanoseconds, realtimeNanoseconds: realtime)
    }
    return best!
  }
}
