internal import TraceEvents
public import TraceFormat

/// Makes a ``JITReport``.
///
/// - Guarantee: the time of a compilation lies between the beginning and the code of one method on
///   one thread. Where events may have been lost in between, the time is not known.
/// - Cost: reads only the blocks with events about compiled code and processes. Memory is about 200
///   bytes per compilation.
public final class JITPass: ReportPass {
  private let processes: ProcessStates<JITCounts>
  private let listLimit: Int?

  /// - Parameter listLimit: the report's ``ProcessReport/listLimit``.
  public init(_ selection: ReportSelection = ReportSelection(), listLimit: Int? = nil) {
    processes = ProcessStates(selection) { JITCounts(selection: selection.time) }
    self.listLimit = listLimit
  }

  /// Subscribes to the events about compiled code and processes, and to losses.
  public func subscribe(to replay: Replay) {
    processes.subscribe(to: replay)
    processes.follow(MethodJittingStarted.self, withRundown: true) { $0.begins($1, $2) }
    processes.follow(MethodLoad.self, withRundown: true) { $0.loaded($1, $2) }
    processes.follow(MethodUnload.self, withRundown: true) { $0.unloaded($1, $2) }
    processes.follow(MethodMove.self, withRundown: true) { $0.moved($1, $2) }
  }

  /// Returns the report.
  ///
  /// - Throws: ``NothingToReport`` if there is no compiled code.
  public func finish() throws(NothingToReport) -> JITReport {
    let rows = processes.rows { [processes] counts, _, covered -> JITReport.Process? in
      let row = JITReport.Process(counts, covered, processes.losses)
      return row.isEmpty ? nil : row
    }
    guard !rows.isEmpty else {
      throw processes.nothing("compilations", keyword: "JIT", MethodLoad.schema)
    }
    let isCut = processes.contains(where: \.isCut)
    return JITReport(
      heading: processes.heading(listLimit: listLimit, limited: isCut ? "compilations" : nil),
      processes: rows)
  }
}
