/// Processes that have ended, kept for records of them that arrive later.
///
/// On an overloaded machine, records are late, and a thread may be sampled while it exits, after
/// its exit record. Such records do not belong to a new process.
///
/// - Guarantee: memory is bounded; beyond the limit, the processes that ended first are dropped.
struct EndedProcesses {
  /// Covers three seconds of the shortest processes on two CPUs; records are late by less than a
  /// second.
  static let limit = 4096

  /// Maximum time after its exit record during which a thread may still be seen running. The kernel
  /// does not reuse a pid that soon, because it assigns all other numbers first.
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
  /// The latest end. Records in order are later, and need no lookup.
  private var latest_ns: UInt64 = 0

  var count: Int { byPID.count }

  mutating func add(_ pid: UInt32, _ process: PerfProcesses.Process, at end: PerfProcesses.Moment) {
    let place = added % Self.limit
    if order.count < Self.limit {
      order.append(pid)
    } else {
      // If a process with this pid ended again since, its newer entry is kept.
      if byPID[order[place]]?.number == added - Self.limit { byPID[order[place]] = nil }
      order[place] = pid
    }
    byPID[pid] = Ended(process: process, end: end, number: added)
    added += 1
    latest_ns = max(latest_ns, end.nanoseconds)
  }

  func knows(_ pid: UInt32) -> Bool { byPID[pid] != nil }

  /// The last process that had the pid, if it had not ended at this time.
  func owner(of pid: UInt32, at nanoseconds: UInt64) -> Ended? {
    guard nanoseconds <= latest_ns, let ended = byPID[pid] else { return nil }
    return nanoseconds <= ended.end.nanoseconds ? ended : nil
  }

  /// The last process that had the pid, if it may have been exiting at this time.
  func leaving(_ pid: UInt32, at nanoseconds: UInt64) -> Ended? {
    guard let ended = byPID[pid] else { return nil }
    let limit = ended.end.nanoseconds &+ Self.leaving_ns
    return nanoseconds <= limit ? ended : nil
  }
}
