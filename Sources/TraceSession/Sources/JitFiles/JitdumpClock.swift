import CTraceShims
import Glibc

/// Finds out which clock a jitdump's times are of, and turns them into CLOCK_MONOTONIC.
///
/// A file says whether its times are CLOCK_MONOTONIC or the processor's counter, but not every
/// writer keeps to that: some have another clock, and in a time namespace or after a restore
/// CLOCK_MONOTONIC itself differs. So each batch of times is held to what is known otherwise: no
/// code is older than its process, none is younger than the file's last change, and a file that
/// grows has a last time that is close to that change. What the declared clock does not explain,
/// another clock or a constant distance may; what nothing explains is not believed.
///
///     undecided ──▶ declared | another clock | constant distance ──▶ unknown
///
/// - Guarantee: memory and work are bounded: ``timesMax`` times a batch.
struct JitdumpClock {
  /// How a time becomes CLOCK_MONOTONIC.
  enum Reading: Hashable {
    case counter
    /// Nanoseconds of a clock, and what to add to them; with a name where the file says otherwise.
    case nanoseconds(offset: Int64, name: String?)
    /// As above, where the offset was worked out: the times are exact up to ``offsetDoubt_ns``.
    case shifted(offset: Int64)
  }

  enum Verdict: Hashable {
    /// Not to be told yet: the batch is judged again when more has come.
    case wait
    case believe
    /// No clock explains the times.
    case refuse
  }

  /// What was read of a file at one look.
  struct Batch {
    /// At most ``JitdumpClock/timesMax``, as the file has them.
    var times: [UInt64] = []
    /// The greatest.
    var latest: UInt64 = 0
    /// CLOCK_MONOTONIC: the file's last change, at the latest.
    var written: UInt64
    /// CLOCK_MONOTONIC: when the file was looked at.
    var now: UInt64
    /// The file goes on behind it.
    var isPartial = false
    /// Nothing more will come: what is open is decided now.
    var isLast = false

    fileprivate var isOneMoment: Bool {
      times.count > 1 && times.allSatisfy { $0 == times[0] }
    }
  }

  static let timesMax = 4096
  /// How far a time may lie behind the file's last change before another clock is thought of.
  private static let lagMax_ns: Int64 = 150_000_000
  /// How much constant distances may differ.
  private static let spread_ns: Int64 = 50_000_000
  /// How long a distance that was met once waits to be met again.
  private static let wait_ns: UInt64 = 1_000_000_000
  /// How wrong an offset that was worked out may be.
  static let offsetDoubt_ns: UInt64 = 60_000_000
  /// How far a clock may be ahead of another that is the same.
  private static let edge_ns: Int64 = 15_000_000
  private static let corrections = 8
  /// Clocks that differ by less are much the same.
  private static let likeness_ns: Int64 = 10_000_000_000

  /// CLOCK_MONOTONIC: no code of the process is older.
  let floor: UInt64
  /// What CLOCK_MONOTONIC shows in the process's time namespace, less what it shows here.
  let namespaceOffset: Int64
  private(set) var reading: Reading?
  /// How far the last times lay behind the file's changes, of the last looks.
  private var distances: [Int64] = []
  /// When the first of these was met.
  private var waitsSince: UInt64?
  private var lastLatest: UInt64?
  private var corrected = 0

  init(floor: UInt64, namespaceOffset: Int64 = 0) {
    self.floor = floor
    self.namespaceOffset = namespaceOffset
  }

  /// CLOCK_MONOTONIC; nil when it cannot be told.
  func nanoseconds(_ time: UInt64, _ counter: CounterClock) -> UInt64? {
    reading.flatMap { Self.apply($0, to: time, counter) }
  }

  /// How long before that time it may have been.
  var doubt: UInt64 { if case .shifted = reading { Self.offsetDoubt_ns } else { 0 } }

  /// A sentence without its subject, the file, where its times are not what it says.
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

  // MARK: Judging

  /// Judges what was read since the last batch that was believed, and all of that again while it
  /// is to wait.
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

  /// Whether a clock whose distance was worked out does not keep it.
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
      // One that differs little may fit by chance: it is told by its distance.
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

  /// The times lie far behind the file's changes, or not between its process's beginning and now.
  /// Where they do so by the same distance each time the file grows, it is another clock; where
  /// not, it is a writer that keeps back what it writes, if the declared clock is possible.
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

  // MARK: What is possible

  /// Whether nearly all times are between the process's beginning and the file's last change.
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

  /// Clocks that writers have been seen to take, other than the declared one.
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
