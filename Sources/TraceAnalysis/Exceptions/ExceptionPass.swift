internal import TraceEvents
public import TraceFormat

/// Makes an ``ExceptionReport``.
///
/// - Cost: reads only the blocks with events about exceptions and processes, and if the trace has
///   stacks, those about code. Memory grows with the number of types and message patterns, which is
///   limited.
public final class ExceptionPass: ReportPass {
  private let processes: ProcessStates<ExceptionCounts>
  private let symbols: SymbolizerOptions
  private let listLimit: Int?
  private var file: TraceFile?
  /// Nil if the trace has no stacks.
  private var symbolizer: Symbolizer?

  /// - Parameters:
  ///   - symbols: where the names of stacks' frames are looked for.
  ///   - listLimit: the report's ``ProcessReport/listLimit``.
  public init(
    _ selection: ReportSelection = ReportSelection(),
    symbols: SymbolizerOptions = SymbolizerOptions(), listLimit: Int? = nil
  ) {
    processes = ProcessStates(selection) { ExceptionCounts() }
    self.symbols = symbols
    self.listLimit = listLimit
  }

  /// Subscribes to the events about exceptions, processes and code, and to losses.
  public func subscribe(to replay: Replay) {
    file = replay.file
    if replay.file.hasStacks {
      let symbolizer = Symbolizer(replay.file, options: symbols)
      symbolizer.subscribe(to: replay)
      self.symbolizer = symbolizer
    }
    processes.subscribe(to: replay, symbolizer?.processes)
    processes.follow(ExceptionThrown.self, atSelectedTimes: true) { $0.thrown($1, $2) }
    processes.follow(ExceptionCaught.self, atSelectedTimes: true) { $0.caught($1, $2) }
    replay.onLoss { [processes] in processes.update($0) { $0.forgetPending() } }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there are no exceptions.
  public func finish() throws(NothingToReport) -> ExceptionReport {
    guard let file else { preconditionFailure("finish() comes after subscribe(to:)") }
    var stacks = symbolizer.map { NamedStacks($0.finish(), file) }
    let rows = processes.rows { counts, process, covered -> ExceptionReport.Process? in
      counts.isEmpty ? nil : ExceptionReport.Process(counts, process, covered, &stacks)
    }
    guard !rows.isEmpty else {
      throw processes.nothing("exceptions", keyword: "Exception", ExceptionThrown.schema)
    }
    let isCut = processes.contains(where: \.isCut)
    return ExceptionReport(
      heading: processes.heading(
        listLimit: listLimit, limited: isCut ? "different exceptions" : nil),
      processes: rows)
  }
}
