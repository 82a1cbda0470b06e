import CTraceShims

/// Reads the files in which the processes of a session announce their code, round by round.
///
/// - Guarantee: a file that was found while its process ran is read to its end after the process
///   has ended, even if it was deleted.
/// - Cost: bounded by ``CodeFileLimits``.
final class CodeFileFollower {
  let shared: CodeFileShared
  private var live: [UInt32: FollowedProcess] = [:]
  /// Processes that have ended, in order, whose files are not read completely yet.
  private var ended: [FollowedProcess] = []

  init(_ shared: CodeFileShared) { self.shared = shared }

  var isIdle: Bool { live.isEmpty && ended.isEmpty }

  // MARK: Notices

  func take(_ notice: CodeFileNotice) {
    if let process = notice.process, let known = live[notice.pid],
      known.owner.process != process
    {
      // The end of the pid's former process was not reported.
      end(notice.pid, atTicks: notice.began ?? notice.ticks, isExact: notice.began != nil)
    }
    switch notice.kind {
    case .mayHaveMap: process(notice)?.seekMap()
    case .mapped(let path, let device, let inode):
      process(notice)?.mapped(path, device: device, inode: inode)
    case .forked(let parent):
      if let parent = live[parent], parent.hasDumps { process(notice)?.inherit(from: parent) }
    case .execed: live[notice.pid]?.execed(atTicks: notice.ticks)
    case .ended: end(notice.pid, atTicks: notice.ticks)
    }
  }

  /// Takes the complete list of connected processes, used instead of notices; missing processes
  /// have ended.
  func take(connected: [ConnectedImages.Process], atTicks ticks: UInt64) {
    let numbers = Set(connected.map(\.index))
    for (pid, known) in live where !numbers.contains(known.owner.process) {
      end(pid, atTicks: ticks, isExact: false)
    }
    for joined in connected where live[joined.pid] == nil {
      let notice = CodeFileNotice(
        kind: .mayHaveMap, pid: joined.pid, process: joined.index, ticks: ticks)
      process(notice, scansMaps: true)?.seekMap()
    }
  }

  private func process(_ notice: CodeFileNotice, scansMaps: Bool = false) -> FollowedProcess? {
    if let known = live[notice.pid] { return known }
    guard let number = notice.process else { return nil }
    guard live.count < CodeFileLimits.processes else {
      shared.noteNotFollowed()
      return nil
    }
    let owner = CodeOwner(
      pid: notice.pid, process: number, endTicks: nil, isRundown: notice.isRundown)
    let process = FollowedProcess(
      owner, shared, scansMaps: scansMaps, beganTicks: notice.began)
    live[notice.pid] = process
    return process
  }

  private func end(_ pid: UInt32, atTicks ticks: UInt64, isExact: Bool = true) {
    guard let process = live.removeValue(forKey: pid) else { return }
    process.ended(atTicks: ticks, isExact: isExact)
    ended.append(process)
  }

  // MARK: Reading

  /// Reads from every file once; true if there is more to read.
  func round() -> Bool {
    let now = trace_monotonic_ns()
    shared.clock.look()
    var hasMore = false
    for process in live.values where process.look(now) { hasMore = true }
    // The times of their events must ascend, so they are handled in order.
    while let first = ended.first {
      guard !first.look(now) else {
        hasMore = true
        break
      }
      first.finish()
      ended.removeFirst()
    }
    shared.trim()
    shared.output.send()
    return hasMore
  }

  /// Reads what the files contain now, and ends. Data added meanwhile is not read. Reading files of
  /// running processes takes at most ``CodeFileLimits/stop_ns``; files of ended processes are read
  /// until `deadline`.
  func stop(deadline: UInt64) {
    for process in ended + Array(live.values) { process.freeze() }
    let runningDeadline = min(deadline, trace_monotonic_ns() &+ CodeFileLimits.stop_ns)
    while round(), trace_monotonic_ns() < runningDeadline {}
    for process in live.values { finish(process, deadline: runningDeadline) }
    live = [:]
    while round(), trace_monotonic_ns() < deadline {}
    for process in ended { finish(process, deadline: deadline) }
    ended = []
    shared.output.send()
  }

  private func finish(_ process: FollowedProcess, deadline: UInt64) {
    let hasMore = process.look(trace_monotonic_ns(), mayProbe: false)
    process.finish(isWhole: !hasMore, deadline: deadline)
  }
}
