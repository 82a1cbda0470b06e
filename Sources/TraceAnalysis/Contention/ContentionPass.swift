internal import TraceEvents
public import TraceFormat

/// Makes a ``ContentionReport``.
///
/// - Guarantee: a wait has the length that the runtime measured, or lies between a beginning and an
///   end of one thread and one lock with no loss in between. Everything else is open, or counted.
/// - Cost: reads once the blocks with events about locks, switches,
///   processes and code. Memory is about 50 bytes per wait, and grows with the number of locks and
///   stacks; all these are limited.
public final class ContentionPass: ReportPass {
  private let selection: ReportSelection
  private let symbols: SymbolizerOptions
  private let listLimit: Int?
  private let names = ThreadNames()
  private let losses = SharedLosses()
  private var file: TraceFile?
  private var states: ProcessStates<MonitorTracker>?
  /// Nil if the trace has no switches.
  private var futexes: FutexWaits?

  /// - Parameters:
  ///   - symbols: where the names of stacks' frames are looked for.
  ///   - listLimit: the report's ``ProcessReport/listLimit``.
  public init(
    _ selection: ReportSelection = ReportSelection(),
    symbols: SymbolizerOptions = SymbolizerOptions(), listLimit: Int? = nil
  ) {
    self.selection = selection
    self.symbols = symbols
    self.listLimit = listLimit
  }

  /// Subscribes to losses, and to the events about locks, switches, processes and code.
  public func subscribe(to replay: Replay) {
    let file = replay.file
    self.file = file
    replay.onLossAhead { [losses] in losses.windows.add($0, in: file) }
    let start = file.ticksRange.map { file.timestamp(ofTicks: $0.lowerBound) } ?? 0
    let states = ProcessStates(selection) { [losses, time = selection.time] in
      MonitorTracker(selection: time, losses: losses, traceStart: start)
    }
    self.states = states
    states.subscribe(to: replay, symbols: symbols)
    names.subscribe(to: replay)
    followMonitors(states)
    guard replay.isGrowing || ThreadFeed.hasSwitches(file) else { return }
    futexes = FutexWaits(selection: selection.time, replay)
  }

  private func followMonitors(_ states: ProcessStates<MonitorTracker>) {
    typealias Key = MonitorTracker.Key
    states.follow(ContentionStart.self) { tracker, event, header in
      tracker.begins(
        Key(kind: .monitor, id: event.lockID, type: event.lockType), header,
        owner: UInt32(truncatingIfNeeded: event.lockOwnerThreadID))
    }
    states.follow(ContentionOwner.self) { $0.owned($1, $2) }
    states.follow(ContentionStop.self) { tracker, event, header in
      tracker.ends(
        Key(kind: .monitor, id: event.lockID, type: event.lockType), event.duration, header)
    }
    states.follow(MonitorWaitStart.self) { tracker, event, header in
      tracker.begins(Key(kind: .monitorWait, id: event.lockID, type: event.lockType), header)
    }
    states.follow(MonitorWaitStop.self) { tracker, event, header in
      tracker.ends(
        Key(kind: .monitorWait, id: event.lockID, type: event.lockType), event.duration, header)
    }
    states.follow(LockWait.self) { $0.waited($1, $2) }
    states.follow(LockRelease.self) { $0.released($1, $2) }
    states.follow(ThreadStart.self) { $0.giveUp($2.tid, .eventsMissing) }
    states.follow(ThreadStop.self) { $0.giveUp($2.tid, .threadEnded) }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no waits.
  public func finish() throws(NothingToReport) -> ContentionReport {
    guard let file, let states, let history = states.history else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    var summary = ContentionSummary(file, history, names, states.stacks())
    let book = futexes?.closedBook(file)
    for track in book?.tracks ?? [] {
      states.add(process: track.processIndex, firstEvent: track.firstEvent)
    }
    let native = Dictionary(grouping: futexes?.tallies ?? [:], by: \.key.process)
    let open = book.map(FutexWaits.openWaits) ?? [:]
    let ends = ProcessSpans(file, nil)
    let rows = states.numberedRows {
      index, tracker, process, covered -> ContentionReport.Process? in
      var tracker = tracker
      let span = ends.span(ofProcess: index, firstEvent: covered.from_ns)
      tracker.finish(pid: process.pid, at: span.to, processEnded: span.hasEnded)
      var row = ContentionReport.Process(covered: covered)
      row.fill(
        tracker, native[index] ?? [], open[index] ?? [], selection, process, &summary)
      return row.isEmpty ? nil : row
    }
    guard !rows.isEmpty else {
      throw states.nothing(
        "waits for locks",
        keyword:
          "Contention, or for native code Lock, or -providers ContextSwitch -stacks ContextSwitch",
        ContentionStart.schema)
    }
    let isCut =
      states.contains { $0.isCut || $0.locks.values.contains(where: \.isCut) }
      || futexes.map { $0.isCut || $0.tallies.values.contains(where: \.isCut) } ?? false
    return ContentionReport(
      heading: states.heading(
        listLimit: listLimit, limited: isCut ? "locks, waits, places or owners" : nil),
      hasSwitches: ThreadFeed.hasSwitches(file), processes: rows)
  }
}
