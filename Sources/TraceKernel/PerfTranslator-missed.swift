internal import TraceFormat

/// Ends that the kernel's records did not tell, because some of them were lost.
extension PerfTranslator {
  /// Processes of a live recording that one step looks at.
  public static let missedEndsStep = 64

  /// Ends the processes that are gone although no record says so. Does nothing unless records were
  /// lost.
  ///
  /// Such a process ended at `now` or before it; the recording says `now`, and has no
  /// ``TraceEvents/ProcessStop`` of it.
  ///
  /// - Parameters:
  ///   - now: CLOCK_MONOTONIC; all records that were written before it have been taken.
  ///   - isLast: looks at all processes at once.
  public func endMissing(atNanoseconds now: UInt64, isLast: Bool = false) {
    guard !missedEnds.isEmpty else { return }
    for _ in 0..<(isLast ? 2 : 1) {
      let ended = missedEnds.look(
        limit: isLast ? .max : Self.missedEndsStep, known: { processes.known },
        hasEnded: { isGone($0, now) })
      // A number may have a new owner by now.
      for pid in ended where isGone(pid, now) { end(pid, moment(atNanoseconds: now)) }
    }
  }

  private func isGone(_ pid: UInt32, _ now: UInt64) -> Bool {
    guard pid != 0, let process = processes[pid], !process.isConnected else { return false }
    return facts.hasEnded(pid, since: process.since_ns ?? now)
  }

  /// The process has ended: nothing that is known of it holds for who has the number next.
  func end(_ pid: UInt32, _ moment: Moment) {
    guard let process = processes[pid] else { return }
    runtimeCode?.ended(pid, atTicks: moment.ticks)
    processes.end(pid, at: moment.ofProcess)
    forget(pid)
    if let index = process.index, !process.isConnected {
      sink.end(process: index, atTicks: moment.ticks)
    }
  }
}
