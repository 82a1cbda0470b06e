import TraceFormat

/// Turns the kernel's times, CLOCK_MONOTONIC, into the trace's ticks.
///
/// The clock pages that perf offers for this tie its *own* clock to the counter, and only where the
/// kernel schedules by the counter, which virtual machines do not; CLOCK_MONOTONIC is what jitdump
/// files carry too, and the trace has its ticks tied to it anyway.
///
/// - Guarantee: ascends. Between two looks at both clocks it is a straight line, as the file's own
///   clock is: the error is that of a look, some tens of nanoseconds.
struct PerfClock {
  private struct Knot {
    var nanoseconds: UInt64
    var ticks: UInt64
  }

  private static let knotsMax = 16

  let isMonotonic: Bool
  private var knots: [Knot] = []

  init(isMonotonic: Bool) { self.isMonotonic = isMonotonic }

  /// Looks at both clocks: once at the start, then before each round.
  mutating func look() {
    if isMonotonic { return }
    look(.now(.counter))
  }

  mutating func look(_ sync: ClockSync) {
    if let last = knots.last,
      sync.monotonicNanoseconds <= last.nanoseconds || sync.ticks <= last.ticks
    {
      return
    }
    if knots.count == Self.knotsMax { knots.removeFirst() }
    knots.append(Knot(nanoseconds: sync.monotonicNanoseconds, ticks: sync.ticks))
  }

  func ticks(at nanoseconds: UInt64) -> UInt64 {
    if isMonotonic { return nanoseconds }
    guard knots.count > 1 else { return knots.first?.ticks ?? 0 }
    // Most are of the last round.
    var index = knots.count - 2
    while index > 0, knots[index].nanoseconds > nanoseconds { index -= 1 }
    let (from, to) = (knots[index], knots[index + 1])
    let slope = Double(to.ticks - from.ticks) / Double(to.nanoseconds - from.nanoseconds)
    let distance = Int64(bitPattern: nanoseconds &- from.nanoseconds)
    let ticks = (Double(distance) * slope).rounded()
    guard ticks.magnitude < 1e18 else { return from.ticks }
    return from.ticks &+ UInt64(bitPattern: Int64(ticks))
  }
}
