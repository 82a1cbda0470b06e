public import TraceFormat

/// Converts the kernel's times (CLOCK_MONOTONIC) to the trace's ticks.
///
/// perf's clock pages relate only perf's *own* clock to the counter, and only if the kernel
/// schedules by the counter, which virtual machines do not. CLOCK_MONOTONIC is also used in jitdump
/// files, and the trace relates its ticks to it anyway.
///
/// - Guarantee: monotonic. Linear between two readings of both clocks, like the file's clock: the
///   error is that of a reading, some tens of nanoseconds.
public struct PerfClock: Sendable {
  private struct Knot {
    var nanoseconds: UInt64
    var ticks: UInt64
  }

  private static let knotsMax = 16

  /// Whether the trace's ticks are CLOCK_MONOTONIC.
  public let isMonotonic: Bool
  private var knots: [Knot] = []

  public init(isMonotonic: Bool) { self.isMonotonic = isMonotonic }

  /// Adds a reading of both clocks: the first before any record is translated, then one before each
  /// round of records. A reading that is not later than the last is ignored.
  public mutating func look(_ sync: ClockSync) {
    if let last = knots.last,
      sync.monotonicNanoseconds <= last.nanoseconds || sync.ticks <= last.ticks
    {
      return
    }
    if knots.count == Self.knotsMax { knots.removeFirst() }
    knots.append(Knot(nanoseconds: sync.monotonicNanoseconds, ticks: sync.ticks))
  }

  /// Converts a time of CLOCK_MONOTONIC to ticks.
  public func ticks(at nanoseconds: UInt64) -> UInt64 {
    if isMonotonic { return nanoseconds }
    guard knots.count > 1 else { return knots.first?.ticks ?? 0 }
    // Most times are from the last round.
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
