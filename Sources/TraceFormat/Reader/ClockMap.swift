/// A map from ticks to nanoseconds since the trace's start.
///
/// The map is linear between two clock syncs. Before the first and after the last it uses the rate
/// of the nearest two, or the counter's nominal rate if there is only one.
struct ClockMap {
  private(set) var segments: [ClockSegment] = []

  init(session: SessionDescription, syncs: [ClockSync]) {
    let origin = session.start.monotonicNanoseconds
    if session.clock == .monotonic {
      segments = [
        ClockSegment(fromTicks: session.start.ticks, fromNanoseconds: 0, rate: 1 << 32)
      ]
      return
    }
    var points: [ClockSync] = []
    for sync in ([session.start] + syncs).sorted(by: { $0.ticks < $1.ticks }) {
      // A sync that does not advance in both clocks is no measure of the rate.
      if let last = points.last, sync.monotonicNanoseconds <= last.monotonicNanoseconds { continue }
      if let last = points.last, sync.ticks == last.ticks { continue }
      points.append(sync)
    }
    let nominal = Self.rate(nanoseconds: 1_000_000_000, ticks: max(session.ticksPerSecond, 1))
    var rate = nominal
    for (index, point) in points.enumerated() {
      if index + 1 < points.count {
        let next = points[index + 1]
        rate = Self.rate(
          nanoseconds: next.monotonicNanoseconds - point.monotonicNanoseconds,
          ticks: next.ticks - point.ticks)
      }
      segments.append(
        ClockSegment(
          fromTicks: point.ticks,
          fromNanoseconds: Int64(bitPattern: point.monotonicNanoseconds &- origin), rate: rate))
    }
    for index in segments.indices.dropLast() {
      segments[index].ticks = segments[index + 1].fromTicks - segments[index].fromTicks
    }
  }

  /// Nanoseconds per tick, times 2³².
  private static func rate(nanoseconds: UInt64, ticks: UInt64) -> UInt64 {
    UInt64(clamping: (UInt128(nanoseconds) << 32) / UInt128(ticks))
  }

  func segment(ofTicks ticks: UInt64) -> ClockSegment {
    segments.withUnsafeBufferPointer { Self.segment(ofTicks: ticks, in: $0) }
  }

  static func segment(
    ofTicks ticks: UInt64, in segments: UnsafeBufferPointer<ClockSegment>
  ) -> ClockSegment {
    // Find the last segment that begins at or before the ticks, else the first.
    var low = 0
    var high = segments.count
    while low + 1 < high {
      let middle = (low + high) / 2
      if segments[middle].fromTicks <= ticks { low = middle } else { high = middle }
    }
    return segments[low]
  }

  func timestamp(ofTicks ticks: UInt64) -> Int64 {
    segment(ofTicks: ticks).timestamp(ofTicks: ticks)
  }

  /// Returns the first tick count whose timestamp is at or after `timestamp`.
  func ticks(ofTimestamp timestamp: Int64) -> UInt64 {
    var low: UInt64 = 0
    var high = UInt64.max
    while low < high {
      let middle = low + (high - low) / 2
      if self.timestamp(ofTicks: middle) < timestamp { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// A span of time over which the counter's rate is assumed constant.
@usableFromInline
struct ClockSegment {
  @usableFromInline var fromTicks: UInt64
  @usableFromInline var fromNanoseconds: Int64
  @usableFromInline var rate: UInt64
  /// Number of ticks that the segment spans.
  @usableFromInline var ticks = UInt64.max

  init(fromTicks: UInt64, fromNanoseconds: Int64, rate: UInt64) {
    self.fromTicks = fromTicks
    self.fromNanoseconds = fromNanoseconds
    self.rate = rate
  }

  @inlinable @inline(__always)
  func covers(_ moment: UInt64) -> Bool { moment &- fromTicks < ticks }

  /// Returns the timestamp of any tick count: exact within the segment, extrapolated at its rate
  /// outside.
  @inlinable @inline(__always)
  func timestamp(ofTicks moment: UInt64) -> Int64 {
    if moment >= fromTicks { return fromNanoseconds &+ Self.clamp(scale(moment &- fromTicks)) }
    return fromNanoseconds &- Self.clamp(scale(fromTicks &- moment))
  }

  @inlinable @inline(__always)
  func scale(_ distance: UInt64) -> UInt64 {
    let product = distance.multipliedFullWidth(by: rate)
    guard product.high < 1 << 30 else { return 1 << 62 }
    return product.high &<< 32 | product.low &>> 32
  }

  @inlinable @inline(__always)
  static func clamp(_ nanoseconds: UInt64) -> Int64 {
    Int64(truncatingIfNeeded: min(nanoseconds, 1 << 62))
  }
}
