internal import TraceEvents

extension RequestReport.Process {
  /// Sums up the paired events of one process.
  init(
    _ tracker: RequestTracker, _ process: ResolvedProcess, _ span: ProcessSpans.Span,
    _ selection: ReportSelection, _ losses: LossWindows
  ) {
    self.init(pid: process.pid, name: process.name, from_ns: span.from, to_ns: span.to)
    var tracker = tracker
    for (key, begun) in tracker.pending where selection.admits(time: begun.begin) {
      let isLost = losses.anyLoss(process.pid, begun.begin, .max)
      tracker.addOpen(
        key, begun, isLost ? .eventsMissing : span.hasEnded ? .processEnded : .traceEnded)
    }
    groups = tracker.groups.map { key, durations in
      RequestReport.Group(
        provider: key.kind.provider, activity: key.kind.name, name: key.name,
        durations: DurationSummary(durations))
    }.sorted {
      ($1.durations.total_ns, $0.provider, $0.activity, $0.name)
        < ($0.durations.total_ns, $1.provider, $1.activity, $1.name)
    }
    var slowest = tracker.slowest
    slowest.sort()
    self.slowest = slowest.requests
    open = tracker.open.filter { selection.admits(time: $0.start_ns) }
      .sorted { ($0.start_ns, $0.id) < ($1.start_ns, $1.id) }
    openCount = tracker.openCount
    stopsWithoutStart = tracker.stopsWithoutStart
  }

  /// Whether nothing happened in the selected time.
  var isEmpty: Bool { groups.isEmpty && openCount == 0 && stopsWithoutStart == 0 }
}
