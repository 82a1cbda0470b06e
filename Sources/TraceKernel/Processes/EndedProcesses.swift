/// Processes whose end was heard of, for records of theirs that come after it.
///
/// A machine that is overloaded writes records late, and a thread that is sampled on its way out is
/// so after it was said to have ended. Neither is another process.
///
/// - Guarantee: memory is bounded; beyond the limit those that ended first are forgotten.
struct EndedProcesses {
  /// Three seconds of the shortest processes on two CPUs, where late is a fraction of one.
  static let limit = 4096

  /// How long after its end a thread may still be seen running. No number is given again so soon:
  /// all others are, before it is.
  static let leaving_ns: UInt64 = 1_000_000_000

  struct Ended {
    var process: PerfProcesses.Process
    var end: PerfProcesses.Moment
    fileprivate var number = 0
  }

  private var byPID: [UInt32: Ended] = [:]
  /// Pids in the order in which they were added, as a ring: the n-th at n modulo the limit.
  private var order: [UInt32] = []
  private var added = 0
  /// The latest end: what comes in order is later, and costs no look-up.
  private var latest_ns: UInt64 = 0

  var count: Int { byPID.count }

  mutating func add(_ pid: UInt32, _ process: PerfProcesses.Process, at end: PerfProcesses.Moment) {
    let place = added % Self.limit
    if order.count < Self.limit {
      order.append(pid)
    } else {
      // A number that ended again since is not that old.
      if byPID[order[place]]?.number == added - Self.limit { byPID[order[place]] = nil }
      order[place] = pid
    }
    byPID[pid] = Ended(process: process, end: end, number: added)
    added += 1
    latest_ns = max(latest_ns, end.nanoseconds)
  }

  func knows(_ pid: UInt32) -> Bool { byPID[pid] != nil }

  /// The last process that had the number, if it had not ended by then.
  func owner(of pid: UInt32, at nanoseconds: UInt64) -> Ended? {
    guard nanoseconds <= latest_ns, let ended = byPID[pid] else { return nil }
    return nanoseconds <= ended.end.nanoseconds ? ended : nil
  }

  /// The last process that had the number, if it may be on its way out then.
  func leaving(_ pid: UInt32, at nanoseconds: UInt64) -> Ended? {
    guard let ended = byPID[pid] else { return nil }
    let limit = ended.end.nanoseconds &+ Self.leaving_ns
    return nanoseconds <= limit ? ended : nil
  }
}
