internal import TraceEvents
public import TraceFormat

/// Makes a ``ThreadReport``.
///
/// - Guarantee: the times of each thread add up to the part of its life that the trace covers. No
///   time is negative or guessed: where events may be missing, it is unknown, and a wait is open.
/// - Cost: reads the losses first, then once the blocks with events about switches, threads,
///   processes and code. Memory is about 150 bytes per thread, and 150 bytes and the numbers of the
///   frames for each place where a thread waits or is woken; the numbers of all these are limited.
///   Processes that are not selected take none of it.
public final class ThreadsPass: ReportPass {
  private let selection: ReportSelection
  private let symbols: SymbolizerOptions
  private let listLimit: Int?
  private var file: TraceFile?
  private var code: ThreadCode?
  private var feed: ThreadFeed?

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
  }

  /// Subscribes to losses, and to the events about switches, threads, processes and code.
  public func subscribe(to replay: Replay) {
    file = replay.file
    let code = ThreadCode(replay, symbols)
    self.code = code
    feed = ThreadFeed(ThreadFilter(selection, code.processes), replay)
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no context switches.
  public func finish() throws(NothingToReport) -> ThreadReport {
    guard let file, let code, let feed else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    guard ThreadFeed.hasSwitches(file) else {
      throw .noEvents(what: "context switches", keyword: "ContextSwitch")
    }
    let book = feed.closedBook(file)
    var summary = ThreadSummary(book, feed.names, file, code.finish(), selection.time)
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

/// The processes of a trace's threads, and the names of their stacks' frames if it has stacks.
final class ThreadCode {
  private let file: TraceFile
  let processes: Processes
  /// Nil if the trace has no stacks.
  private let symbolizer: Symbolizer?

  init(_ replay: Replay, _ options: SymbolizerOptions) {
    file = replay.file
    if replay.file.hasStacks || replay.isGrowing {
      let symbolizer = Symbolizer(for: replay, options: options)
      self.symbolizer = symbolizer
      processes = symbolizer.processes
    } else {
      symbolizer = nil
      processes = Processes(replay.file)
      processes.subscribe(to: replay)
    }
  }

  func finish() -> (history: ProcessHistory, stacks: WaitStacks?) {
    let stacks =
      file.hasStacks ? symbolizer.map { WaitStacks(NamedStacks($0.finish(), file)) } : nil
    return (processes.finish(), stacks)
  }
}
