internal import TraceFormat

/// Detection of ends that the kernel's records did not report because records were lost.
extension PerfTranslator {
  /// Maximum number of processes checked per step during recording.
  public static let missedEndsStep = 64

  /// Ends the processes that are gone without a record of their end. Does nothing unless records
  /// were lost.
  ///
  /// Such a process ended at `now` or earlier. The recording has `now` as the time of its end, and
  /// no ``TraceEvents/ProcessStop``.
  ///
  /// - Parameters:
  ///   - now: CLOCK_MONOTONIC; all records written before it have been translated.
  ///   - isLast: whether to check all processes at once.
  public func endMissing(atNanoseconds now: UInt64, isLast: Bool = false) {
    guard !missedEnds.isEmpty else { return }
    for _ in 0..<(isLast ? 2 : 1) {
      let ended = missedEnds.look(
        limit: isLast ? .max : Self.missedEndsStep, known: { processes.known },
        hasEnded: { isGone($0, now) })
      // The pid may denote another process by now.
      for pid in ended where isGone(pid, now) { end(pid, moment(atNanoseconds: now)) }
    }
  }

  private func isGone(_ pid: UInt32, _ now: UInt64) -> Bool {
    guard pid != 0, let process = processes[pid], !process.isConnected else { return false }
    return facts.hasEnded(pid, since: process.since_ns ?? now)
  }

  /// Ends a process, and removes its state, which must not apply to the next process with the same
  /// pid.
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
