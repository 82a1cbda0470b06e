internal import TraceEvents

extension RequestReport.Process {
  /// Sums up the paired events of one process.
  init(
    _ tracker: RequestTracker, _ covered: CoveredProcess, _ losses: LossWindows
  ) {
    self.init(covered: covered)
    var tracker = tracker
    for (key, begun) in tracker.pending {
      let isLost = losses.anyLoss(covered.pid, begun.begin, .max)
      tracker.addOpen(
        key, begun, isLost ? .eventsMissing : covered.hasEnded ? .processEnded : .traceEnded)
    }
    groups = tracker.groups.map { key, durations in
      RequestReport.Group(
        provider: key.kind.provider, activity: key.kind.name, name: key.name,
        durations: DurationSummary(durations))
    }.sorted {
      ($1.durations.total_ns, $0.provider, $0.activity, $0.name)
        < ($0.durations.total_ns, $1.provider, $1.activity, $1.name)
    }
    slowest = tracker.slowest.sorted()
    open = tracker.open.sorted { ($0.start_ns, $0.id) < ($1.start_ns, $1.id) }
    openCount = tracker.openCount
    stopsWithoutStart = tracker.stopsWithoutStart
  }

  /// Whether nothing happened in the selected time.
  var isEmpty: Bool { groups.isEmpty && openCount == 0 && stopsWithoutStart == 0 }
}
