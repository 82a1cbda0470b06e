internal import TraceEvents
public import TraceFormat

/// Makes a ``ChainReport`` for one thread.
///
/// - Cost: that of a ``ThreadsPass``, and 40 to 64 bytes for each change of a thread's state in the
///   selected time; at most 4,194,304 of these.
public final class ChainPass: ReportPass {
  private let tid: UInt32
  private let selection: ReportSelection
  private let symbols: SymbolizerOptions
  private let listLimit: Int?
  private var file: TraceFile?
  private var code: ThreadCode?
  private var feed: ThreadFeed?

  /// - Parameters:
  ///   - tid: the thread. If several threads had this id, the one with most of the time is chosen.
  ///   - selection: the time, and the processes that the thread may belong to; a chain goes through
  ///     all processes.
  ///   - symbols: where the names of stacks' frames are looked for.
  ///   - listLimit: maximum number of rows that a renderer lists.
  public init(
    thread tid: UInt32, _ selection: ReportSelection = ReportSelection(),
    symbols: SymbolizerOptions = SymbolizerOptions(), listLimit: Int? = nil
  ) {
    (self.tid, self.selection, self.symbols) = (tid, selection, symbols)
    self.listLimit = listLimit
  }

  /// Subscribes to losses, and to the events about switches, threads, processes and code.
  public func subscribe(to replay: Replay) {
    file = replay.file
    code = ThreadCode(replay, symbols)
    var filter = ThreadFilter()
    filter.time = selection.time
    feed = ThreadFeed(
      filter, replay, history: ThreadHistory(selection.time))
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no context switches, or none of the thread.
  public func finish() throws(NothingToReport) -> ChainReport {
    guard let file, let code, let feed else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    guard ThreadFeed.hasSwitches(file) else {
      throw .noEvents(what: "context switches", keyword: "ContextSwitch")
    }
    let book = feed.closedBook(file)
    let (history, stacks) = code.finish()
    var summary = ChainSummary(
      book, ThreadOwners(file, history, feed.names), stacks)
    guard let (track, time) = summary.track(of: tid, selection) else {
      throw .noThread(tid: tid)
    }
    let (steps, causes) = summary.chain(of: track, in: time)
    var partial = PartialReason.reasons(of: file)
    if summary.isCut { partial.append(.limited(what: "threads, switches or steps")) }
    return ChainReport(
      heading: ReportHeading(
        lost: LostEvents(file.lossTotals), partial: partial, trace: file.path,
        events: file.eventCount, listLimit: listLimit),
      hasWakeUps: book.hasWakeUps, hasStacks: book.hasStacks,
      thread: summary.thread(track), from_ns: time.lowerBound, to_ns: time.upperBound,
      causes: causes, steps: steps)
  }
}
