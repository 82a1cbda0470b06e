internal import TraceEvents
public import TraceFormat

/// Makes a ``JITReport``.
///
/// - Guarantee: the time of a compilation lies between the beginning and the code of one method on
///   one thread. Where events may have been lost in between, the time is not known.
/// - Cost: reads only the blocks with events about compiled code and processes. Memory is about 200
///   bytes per compilation.
public final class JITPass: ReportPass {
  private let selection: ReportSelection
  private let listLimit: Int?
  private var replay: Replay?
  private var processes: Processes?
  /// By the trace's number of the process.
  private var counts: [UInt32: JITCounts] = [:]
  private var losses = LossWindows()

  /// - Parameter listLimit: the report's ``JITReport/listLimit``.
  public init(_ selection: ReportSelection = ReportSelection(), listLimit: Int? = nil) {
    self.selection = selection
    self.listLimit = listLimit
  }

  /// Subscribes to the events about compiled code and processes, and to losses.
  public func subscribe(to replay: Replay) {
    self.replay = replay
    let processes = Processes(replay.file)
    processes.subscribe(to: replay)
    self.processes = processes
    follow(MethodJittingStarted.self, replay) { $0.begins($1, $2) }
    follow(MethodLoad.self, replay) { $0.loaded($1, $2) }
    follow(MethodUnload.self, replay) { $0.unloaded($1, $2) }
    follow(MethodMove.self, replay) { $0.moved($1, $2) }
    let file = replay.file
    replay.onLoss { [self] in losses.add($0, in: file) }
  }

  private func follow<Event: TraceEvent>(
    _ type: Event.Type, _ replay: Replay,
    _ body: @escaping (inout JITCounts, Event, EventHeader) -> Void
  ) {
    replay.on(type) { [self] event, header in
      guard selection.admits(pid: header.pid) else { return }
      let new = JITCounts(firstEvent: header.timestamp, selection: selection.time)
      body(&counts[header.processIndex, default: new], event, header)
    }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there is no compiled code.
  public func finish() throws(NothingToReport) -> JITReport {
    guard let replay, let processes else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    let history = processes.finish()
    let spans = ProcessSpans(replay.file, selection.time)
    var found: [JITReport.Process] = []
    for (index, counts) in counts {
      let pid = replay.file.process(index: index)?.pid ?? 0
      let process = history.process(pid, at: counts.firstEvent)
      guard selection.admits(process) else { continue }
      let span = spans.span(ofProcess: index, firstEvent: counts.firstEvent)
      let row = JITReport.Process(counts, process, span, losses)
      if !row.isEmpty { found.append(row) }
    }
    guard !found.isEmpty else {
      throw .nothing("compilations", keyword: "JIT", MethodLoad.schema, replay, selection)
    }
    var partial = PartialReason.reasons(replay)
    if counts.values.contains(where: \.isCut) { partial.append(.limited(what: "compilations")) }
    return JITReport(
      lost: LostEvents(replay.file.lossTotals), partial: partial, trace: replay.file.path,
      events: replay.file.eventCount,
      processes: found.sorted { ($0.pid, $0.from_ns) < ($1.pid, $1.from_ns) },
      listLimit: listLimit)
  }
}
