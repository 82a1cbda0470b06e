internal import TraceEvents
public import TraceFormat

/// Makes a ``RequestReport``: pairs the events that start and stop activities.
///
/// A start and a stop belong together if they are of one process, have the same id, and their names
/// differ only in the ending. See ``EventOpcode``.
///
/// - Guarantee: a duration is that of a start and its own stop. Where events of a process may have
///   been lost between the two, the request is listed as open.
/// - Cost: reads only the blocks with such events; then, for the slowest requests, the events in
///   their times. Memory is 8 bytes per request, and limited.
public final class RequestPass: ReportPass {
  /// Number of the slowest requests of each process if the caller does not say.
  public static let slowestDefault = 10
  /// Maximum of that number.
  public static let slowestMax = 1000

  private let selection: ReportSelection
  private let listLimit: Int?
  private var replay: Replay?
  private var processes: Processes?
  /// By the trace's number of the process.
  private var trackers: [UInt32: RequestTracker] = [:]
  private var losses = LossWindows()
  private let budget = RequestBudget()

  /// - Parameter listLimit: the report's ``RequestReport/listLimit``, and the number of the slowest
  ///   requests.
  public init(_ selection: ReportSelection = ReportSelection(), listLimit: Int? = nil) {
    self.selection = selection
    self.listLimit = listLimit
  }

  /// Subscribes to the events that start and stop activities, to events about processes, and to
  /// losses.
  public func subscribe(to replay: Replay) {
    self.replay = replay
    let processes = Processes(replay.file)
    processes.subscribe(to: replay)
    self.processes = processes
    let types = replay.file.eventTypes.map { ActivityType($0.schema) }
    var filter = ReplayFilter()
    filter.admits = { ActivityType($0) != nil }
    filter.pids = selection.pids
    replay.onAny(where: filter) { [self, types] event in
      guard let type = types[event.typeIndex] else { return }
      follow(event, type)
    }
    let file = replay.file
    replay.onLoss { [self] in losses.add($0, in: file) }
  }

  private var slowestCount: Int { min(listLimit ?? Self.slowestDefault, Self.slowestMax) }

  private func follow(_ event: borrowing RawEvent, _ type: ActivityType) {
    let header = event.header
    guard !header.flags.contains(.rundown) else { return }
    let key = RequestTracker.Key(kind: type.kind, id: ActivityID(event, type))
    let name = type.name.map {
      String(
        decoding: event.bytes($0).prefix(RequestTracker.nameBytesMax), as: UTF8.self)
    }
    let index = header.processIndex
    if trackers[index] == nil {
      trackers[index] = RequestTracker(
        firstEvent: header.timestamp, selection, slowestMax: slowestCount, budget)
    }
    if type.isStart {
      trackers[index]?.start(key, name ?? "", thread: header.tid, at: header.timestamp)
    } else {
      let losses = losses
      trackers[index]?.stop(key, thread: header.tid, at: header.timestamp) {
        !losses.anyLoss(header.pid, $0, $1)
      }
    }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no such activities; a ``FormatError`` if the file
  ///   can no longer be read.
  public func finish() throws -> RequestReport {
    guard let replay, let processes else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    guard !trackers.isEmpty else { throw NothingToReport.noActivities }
    let history = processes.finish()
    let spans = ProcessSpans(replay.file, selection.time)
    var found: [(index: UInt32, process: RequestReport.Process)] = []
    for (index, tracker) in trackers {
      let pid = replay.file.process(index: index)?.pid ?? 0
      let process = history.process(pid, at: tracker.firstEvent)
      guard selection.admits(process) else { continue }
      let span = spans.span(ofProcess: index, firstEvent: tracker.firstEvent)
      let summary = RequestReport.Process(tracker, process, span, selection, losses)
      if !summary.isEmpty { found.append((index, summary)) }
    }
    guard !found.isEmpty else { throw NothingToReport.noneSelected(what: "requests") }
    var partial = PartialReason.reasons(replay)
    if budget.isExceeded { partial.append(.limited(what: "requests")) }
    try RequestSplits.add(to: &found, replay.file)
    return RequestReport(
      lost: LostEvents(replay.file.lossTotals), partial: partial, trace: replay.file.path,
      events: replay.file.eventCount,
      processes: found.map(\.process).sorted { ($0.pid, $0.from_ns) < ($1.pid, $1.from_ns) },
      listLimit: listLimit)
  }
}
