public import TraceAnalysis

/// A ``GCReport`` for human readers: for each process the totals, then tables by generation and
/// cause, a histogram of pauses, the longest pauses, and the collections.
public struct GCText: Renderer {
  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: GCReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    var lines = ["\(report.trace): garbage collections"]
    lines += report.completeness(events: report.events)
    for process in report.processes {
      let overview = GCOverview(process).lines
      lines += [""] + overview + GCTables(process, listLimit: report.listLimit).lines
    }
    for line in lines {
      output.append(escaped: line)
      output.append("\n")
    }
  }
}
