import CTraceShims
import Glibc

/// Determines the clock of a jitdump's times, and converts them to CLOCK_MONOTONIC.
///
/// A file declares whether its times are CLOCK_MONOTONIC or the processor's counter, but not all
/// writers comply: some use another clock, and in a time namespace or after a restore
/// CLOCK_MONOTONIC itself differs. Each batch of times is therefore checked against other facts: no
/// code is older than its process, none is newer than the file's last change, and the last time of
/// a growing file is close to that change. Times that the declared clock does not explain may be
/// explained by another clock or a constant offset; otherwise they are not used.
///
///     undecided ──▶ declared | another clock | constant distance ──▶ unknown
///
/// - Guarantee: memory and work are bounded by ``timesMax`` times per batch.
struct JitdumpClock {
  /// The conversion of a time to CLOCK_MONOTONIC.
  enum Reading: Hashable {
    case counter
    /// Nanoseconds of a clock, and the offset to add; with the clock's name if it is not the
    /// declared one.
    case nanoseconds(offset: Int64, name: String?)
    /// Like `nanoseconds`, with a computed offset: the times are exact up to ``offsetDoubt_ns``.
    case shifted(offset: Int64)
  }

  enum Verdict: Hashable {
    /// Not decided yet: the batch is checked again with more data.
    case wait
    case believe
    /// No clock explains the times.
    case refuse
  }

  /// The data read from a file in one round.
  struct Batch {
    /// The times in the file, at most ``JitdumpClock/timesMax``.
    var times: [UInt64] = []
    /// The greatest time.
    var latest: UInt64 = 0
    /// The latest possible time of the file's last change (CLOCK_MONOTONIC).
    var written: UInt64
    /// The time at which the file was read (CLOCK_MONOTONIC).
    var now: UInt64
    /// Whether the file has more data after the batch.
    var isPartial = false
    /// Whether no more data follows, so that the decision must be made now.
    var isLast = false

    fileprivate var isOneMoment: Bool {
      times.count > 1 && times.allSatisfy { $0 == times[0] }
    }
  }

  static let timesMax = 4096
  /// Maximum lag of a time behind the file's last change before another clock is considered.
  private static let lagMax_ns: Int64 = 150_000_000
  /// Maximum difference of offsets that count as constant.
  private static let spread_ns: Int64 = 50_000_000
  /// How long to wait for a second occurrence of an offset.
  private static let wait_ns: UInt64 = 1_000_000_000
  /// The maximum error of a computed offset.
  static let offsetDoubt_ns: UInt64 = 60_000_000
  /// Tolerance for times of the same clock.
  private static let edge_ns: Int64 = 15_000_000
  private static let corrections = 8
  /// Clocks that differ by less are considered alike.
  private static let likeness_ns: Int64 = 10_000_000_000

  /// Lower bound of the times of the process's code (CLOCK_MONOTONIC).
  let floor: UInt64
  /// CLOCK_MONOTONIC in the process's time namespace, minus its value here.
  let namespaceOffset: Int64
  private(set) var reading: Reading?
  /// The lags of the last times behind the file's changes, in the last rounds.
  private var distances: [Int64] = []
  /// The time of the first of these.
  private var waitsSince: UInt64?
  private var lastLatest: UInt64?
  private var corrected = 0

  init(floor: UInt64, namespaceOffset: Int64 = 0) {
    self.floor = floor
    self.namespaceOffset = namespaceOffset
  }

  /// Converts a time to CLOCK_MONOTONIC; nil if that is not possible.
  func nanoseconds(_ time: UInt64, _ counter: CounterClock) -> UInt64? {
    reading.flatMap { Self.apply($0, to: time, counter) }
  }

  /// How much earlier than the converted time the actual time may be.
  var doubt: UInt64 { if case .shifted = reading { Self.offsetDoubt_ns } else { 0 } }

  /// A predicate whose subject is the file, if its times are not of the declared clock.
  var note: String? {
    switch reading {
    case .nanoseconds(_, let name?): "has times of \(name); they were converted"
    case .shifted(let offset):
      "has times of a clock that is \(Self.seconds(offset.magnitude)) "
        + "\(offset > 0 ? "behind" : "ahead of") CLOCK_MONOTONIC; they were converted"
    case .counter, .nanoseconds, nil: nil
    }
  }

  static let refusal =
    "has times of an unknown clock; its code has no names"

  private static func seconds(_ nanoseconds: UInt64) -> String {
    let tenths = nanoseconds / 100_000_000
    return "\(tenths / 10).\(tenths % 10) s"
  }

  private static func apply(
    _ reading: Reading, to time: UInt64, _ counter: CounterClock
  ) -> UInt64? {
    switch reading {
    case .counter: counter.nanoseconds(atTicks: time)
    case .nanoseconds(let offset, _), .shifted(let offset):
      time &+ UInt64(bitPattern: offset)
    }
  }

  // MARK: Decision

  /// Checks the data read since the last accepted batch. While the result is `wait`, the same data
  /// is checked again with more.
  mutating func judge(_ batch: Batch, isCounter: Bool, _ counter: CounterClock) -> Verdict {
    guard !batch.times.isEmpty else { return .believe }
    if isCounter, counter.nanoseconds(atTicks: 0) == nil {
      return batch.isLast ? believe(.counter, batch) : .wait
    }
    guard let reading else { return decide(batch, isCounter, counter) }
    if fits(reading, batch, counter), !hasLeft(reading, batch, counter) {
      lastLatest = max(lastLatest ?? 0, batch.latest)
      return .believe
    }
    corrected += 1
    guard corrected <= Self.corrections else { return .refuse }
    self.reading = nil
    (distances, waitsSince, lastLatest) = ([], nil, nil)
    return decide(batch, isCounter, counter)
  }

  /// Whether a clock with a computed offset no longer has this offset.
  private func hasLeft(_ reading: Reading, _ batch: Batch, _ counter: CounterClock) -> Bool {
    guard case .shifted = reading, !batch.isPartial else { return false }
    return batch.latest == lastLatest
      || !batch.isLast && lag(reading, batch, counter) > Self.lagMax_ns
  }

  private mutating func decide(
    _ batch: Batch, _ isCounter: Bool, _ counter: CounterClock
  ) -> Verdict {
    let declared: Reading = isCounter ? .counter : .nanoseconds(offset: 0, name: nil)
    if namespaceOffset != 0, !isCounter {
      let own = Reading.nanoseconds(offset: 0 &- namespaceOffset, name: "its time namespace")
      if fits(own, batch, counter) { return believe(own, batch) }
    }
    let isPossible = fits(declared, batch, counter)
    let lag = lag(declared, batch, counter)
    if isPossible, lag <= Self.lagMax_ns || batch.isPartial { return believe(declared, batch) }
    let others = Self.others(isCounter).filter { fits($0, batch, counter) }
      .map { (reading: $0, lag: self.lag($0, batch, counter)) }
      // A clock that differs little may fit by chance; it is recognized by its offset.
      .filter { !isPossible || lag - $0.lag > Self.likeness_ns }
    if let nearest = others.min(by: { $0.lag < $1.lag }),
      !isPossible || nearest.lag <= Self.lagMax_ns
    {
      return believe(nearest.reading, batch)
    }
    return decideByDistance(batch, isPossible ? declared : nil, counter)
  }

  private mutating func believe(_ reading: Reading, _ batch: Batch) -> Verdict {
    self.reading = reading
    lastLatest = batch.latest
    return .believe
  }

  /// The times are far behind the file's changes, or not between the process's start and now. If
  /// the difference is the same each time the file grows, it is another clock; if not, and the
  /// declared clock is possible, the writer buffers its data.
  private mutating func decideByDistance(
    _ batch: Batch, _ declared: Reading?, _ counter: CounterClock
  ) -> Verdict {
    guard !batch.isPartial else { return .refuse }
    let distance = Int64(bitPattern: batch.written &- batch.latest)
    if lastLatest != batch.latest { distances.append(distance) }
    lastLatest = batch.latest
    let since = waitsSince ?? batch.written
    waitsSince = since
    let (least, most) = (distances.min()!, distances.max()!)
    let isConstant = most.subtractingReportingOverflow(least).partialValue <= Self.spread_ns
    if let declared {
      if batch.isLast || !isConstant { return believe(declared, batch) }
      return distances.count < 3 ? .wait : believe(.shifted(offset: least), batch)
    }
    let shifted = Reading.shifted(offset: least)
    guard isConstant, !batch.isOneMoment, fits(shifted, batch, counter) else { return .refuse }
    let isOver = batch.isLast || batch.now &- since >= Self.wait_ns
    return distances.count < 2 && !isOver ? .wait : believe(shifted, batch)
  }

  // MARK: Plausibility

  /// Whether nearly all times are between the process's start and the file's last change.
  private func fits(_ reading: Reading, _ batch: Batch, _ counter: CounterClock) -> Bool {
    let first = Int64(clamping: floor).earlier(by: Self.edge_ns)
    let last = Int64(clamping: batch.written).later(by: Self.edge_ns)
    let outside = batch.times.count { time in
      guard let nanoseconds = Self.apply(reading, to: time, counter) else { return true }
      let moment = Int64(bitPattern: nanoseconds)
      return moment < first || moment > last
    }
    return outside * 8 <= batch.times.count
  }

  private func lag(_ reading: Reading, _ batch: Batch, _ counter: CounterClock) -> Int64 {
    guard let nanoseconds = Self.apply(reading, to: batch.latest, counter) else { return 0 }
    return Int64(bitPattern: batch.written &- nanoseconds)
  }

  /// Clocks other than the declared one that writers are known to use.
  private static func others(_ isCounter: Bool) -> [Reading] {
    let now = Int64(clamping: trace_monotonic_ns())
    func of(_ clock: clockid_t, _ name: String) -> Reading {
      .nanoseconds(offset: now &- Int64(clamping: trace_clock_ns(clock)), name: name)
    }
    return [
      isCounter ? .nanoseconds(offset: 0, name: "CLOCK_MONOTONIC") : .counter,
      of(CLOCK_REALTIME, "CLOCK_REALTIME"), of(CLOCK_BOOTTIME, "CLOCK_BOOTTIME"),
      of(CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW"),
    ]
  }
}

extension Int64 {
  fileprivate func later(by nanoseconds: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(nanoseconds)
    return overflow ? .max : sum
  }

  fileprivate func earlier(by nanoseconds: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(nanoseconds)
    return overflow ? .min : difference
  }
}
