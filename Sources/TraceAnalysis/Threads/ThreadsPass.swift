internal import TraceEvents
public import TraceFormat

/// Makes a ``ThreadReport``.
///
/// - Guarantee: the times of each thread add up to the part of its life that the trace covers. No
///   time is negative or guessed: where events may be missing, it is unknown, and a wait is open.
/// - Cost: reads the losses first, then once the blocks with events about switches, threads,
///   processes and code. Memory is about 150 bytes per thread, and 150 bytes and the numbers of the
///   frames for each place where a thread waits or is woken; the numbers of all these are limited.
public final class ThreadsPass: ReportPass {
  private let selection: ReportSelection
  private let symbols: SymbolizerOptions
  private let listLimit: Int?
  private var file: TraceFile?
  private var processes: Processes?
  /// Nil if the trace has no stacks.
  private var symbolizer: Symbolizer?
  private let names = ThreadNames()
  private var book: ThreadBook

  /// - Parameters:
  ///   - symbols: where the names of stacks' frames are looked for.
  ///   - listLimit: the report's ``ThreadReport/listLimit``.
  public init(
    _ selection: ReportSelection = ReportSelection(),
    symbols: SymbolizerOptions = SymbolizerOptions(), listLimit: Int? = nil
  ) {
    self.selection = selection
    self.symbols = symbols
    self.listLimit = listLimit
    book = ThreadBook(selection: selection.time, losses: LossWindows())
  }

  /// Subscribes to losses, and to the events about switches, threads, processes and code.
  public func subscribe(to replay: Replay) {
    file = replay.file
    replay.onLossAhead { [self, file = replay.file] in book.losses.addOfSession($0, in: file) }
    if replay.file.hasStacks || replay.isGrowing {
      let symbolizer = Symbolizer(for: replay, options: symbols)
      self.symbolizer = symbolizer
      processes = symbolizer.processes
    } else {
      let processes = Processes(replay.file)
      processes.subscribe(to: replay)
      self.processes = processes
    }
    names.subscribe(to: replay)
    let start = replay.file.ticksRange.map { replay.file.timestamp(ofTicks: $0.lowerBound) } ?? 0
    replay.on(ContextSwitch.self) { [self] in book.switched($0, $1) }
    replay.on(ReadyThread.self) { [self] in book.woken($0, $1) }
    replay.on(ThreadStart.self) { [self] in book.began($1, traceStart: start) }
    replay.on(ProcessStart.self) { [self] in book.began($1, traceStart: start) }
    replay.on(ProcessExec.self) { [self] in book.executed($1) }
    replay.on(ThreadStop.self) { [self] in book.end($1) }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no context switches.
  public func finish() throws(NothingToReport) -> ThreadReport {
    guard let file, let processes else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    let stacks = file.hasStacks ? symbolizer.map { WaitStacks($0.finish(), file) } : nil
    let hasSwitches = file.eventTypes.contains {
      $0.schema.provider == SystemSchema.providerName && $0.schema.id == ContextSwitch.eventID
        && $0.count > 0
    }
    guard hasSwitches else {
      throw .noEvents(what: "context switches", keyword: "ContextSwitch")
    }
    var summary = ThreadSummary(
      book, file, processes.finish(), names, stacks, selection)
    let found = summary.processes()
    guard !found.isEmpty else { throw .noneSelected(what: "context switches") }
    var partial = PartialReason.reasons(of: file)
    if summary.isCut { partial.append(.limited(what: "threads, waits or wakers")) }
    return ThreadReport(
      heading: ReportHeading(
        lost: LostEvents(file.lossTotals), partial: partial, trace: file.path,
        events: file.eventCount, listLimit: listLimit),
      hasWakeUps: book.hasWakeUps, hasStacks: book.hasStacks, processes: found)
  }
}
