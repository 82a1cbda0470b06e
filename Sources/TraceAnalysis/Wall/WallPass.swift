internal import TraceEvents
public import TraceFormat

/// Makes a ``StackReport`` of wall-clock time: where threads ran, waited for a CPU, and were
/// blocked.
///
/// A stack of blocked time ends with a frame that tells the reason, such as `[blocked: futex]`, and
/// one of runnable time with `[runnable]`. The running time of a thread is distributed over its CPU
/// samples; without samples it counts at `[running]`. Time of which nothing is known counts at
/// `[unknown]`.
///
/// - Guarantee: the amounts below a thread add up to its life exactly.
/// - Cost: that of a ``ThreadsPass`` and of a ``StackPass``.
public final class WallPass: ReportPass {
  /// Names of the events that the report uses.
  static let eventNames = [ContextSwitch.schema, ReadyThread.schema, SampledProfile.schema].map {
    "\($0.provider)/\($0.name)"
  }

  private let options: StackOptions
  private let sampling = SamplingPass()
  private var replay: Replay?
  private var symbolizer: Symbolizer?
  private var feed: ThreadFeed?

  /// - Parameter options: the events of its selection are ignored; its times, processes and threads
  ///   are used.
  public init(_ options: StackOptions = StackOptions()) { self.options = options }

  /// Subscribes to losses, and to the events about switches, threads, processes and code.
  public func subscribe(to replay: Replay) {
    self.replay = replay
    let symbolizer = Symbolizer(replay.file, options: options.symbols)
    symbolizer.subscribe(to: replay)
    self.symbolizer = symbolizer
    var tally = WaitTally()
    tally.keepsDelays = true
    feed = ThreadFeed(
      ThreadFilter(options.selection, symbolizer.processes), replay, tally: tally)
    sampling.subscribe(to: replay)
  }

  /// Reads the CPU samples in a second run over the file, and builds the call tree.
  ///
  /// - Throws: ``NothingToReport`` if there are no context switches, or none in the selection; a
  ///   ``StackReportError`` if no stack matches the patterns; a ``FormatError`` if the file can no
  ///   longer be read.
  public func finish() throws -> StackReport {
    guard let replay, let symbolizer, let feed else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    let file = replay.file
    guard ThreadFeed.hasSwitches(file) else {
      throw NothingToReport.noEvents(what: "context switches", keyword: "ContextSwitch")
    }
    let book = feed.closedBook(file)
    let resolver = SymbolizerFrames(
      symbolizer.finish(), detail: options.detail, threads: feed.names, book: options.book)
    var selection = StackSelection.samples
    selection.filter.time = options.selection.filter.time
    selection.filter.pids = options.selection.filter.pids
    selection.filter.tids = options.selection.filter.tids
    selection.admits = options.selection.admits
    selection.separatesThreads = true
    let samples = try StackCollection(file, selection, resolver)
    var tree = WallTree(samples, resolver.forAnotherTable(), file)
    tree.add(book)
    guard tree.wall.times.life_ns > 0 else {
      throw NothingToReport.noneSelected(what: "context switches")
    }
    let collection = tree.collection(separatesThreads: options.selection.separatesThreads)
    var report = try StackReport(
      collection, options, replay, eventNames: Self.eventNames, unit: .wallTime,
      sampling: tree.wall.samples > 0 ? sampling.started : nil)
    if book.isCut { report.partial.append(PartialReason.limited(what: "threads or waits")) }
    report.wall = tree.wall
    report.wall?.hasWakeUps = book.hasWakeUps
    report.wall?.hasStacks = book.hasStacks
    return report
  }
}
