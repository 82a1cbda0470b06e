internal import TraceFormat

extension ContentionReport.Process {
  /// Whether nothing waited in the selected time.
  var isEmpty: Bool {
    contended.waits.count == 0 && notified.waits.count == 0 && openCount == 0
      && stopsWithoutStart == 0
  }

  /// Adds the waits of a runtime's locks, and those of native threads.
  mutating func fill(
    _ tracker: MonitorTracker, _ native: [FutexWaits.Tallies.Element],
    _ nativeOpen: [FutexWaits.Open], _ selection: ReportSelection, _ process: ResolvedProcess,
    _ summary: inout ContentionSummary
  ) {
    var locks = tracker.locks.map { (key: $0.key, frames: [StackFrame](), tally: $0.value) }
    var merged: [FutexWaits.Place: LockTally] = [:]
    for (key, tally) in native {
      let time = tally.stacks[key.stack]?.time ?? 0
      let frames = summary.frames(key.stack, of: process, at: time)
      guard let kind = ContentionReport.Kind.of(frames) else { continue }
      merged[FutexWaits.Place(kind: kind, frames: frames), default: LockTally()].add(tally)
    }
    locks += merged.map {
      (MonitorTracker.Key(kind: $0.key.kind, id: nil, type: ""), $0.key.frames, $0.value)
    }
    contended = summary.section(locks.filter { $0.key.kind.isContended }, of: process)
    notified = summary.section(locks.filter { !$0.key.kind.isContended }, of: process)
    stopsWithoutStart = tracker.stopsWithoutStart
    openCount = tracker.openCount
    open = tracker.open.map {
      summary.open($0.key, $0.tid, $0.time, $0.cause, $0.stack, of: process)
    }
    for (tid, wait) in nativeOpen.map({ ($0.tid, $0.wait) })
    where selection.admits(time: wait.start) {
      let frames = summary.frames(wait.stack, of: process, at: wait.start)
      guard let kind = ContentionReport.Kind.of(frames) else { continue }
      openCount += 1
      let key = MonitorTracker.Key(kind: kind, id: nil, type: "")
      let cause: ContentionReport.Open.Cause =
        switch wait.cause {
        case .eventsMissing: .eventsMissing
        case .processEnded: .processEnded
        case .traceEnded: .traceEnded
        }
      if open.count < Self.openMax {
        open.append(
          summary.open(key, tid, wait.start, cause, wait.stack, of: process))
      }
    }
    open.sort { ($0.start_ns, $0.tid) < ($1.start_ns, $1.tid) }
  }
}
