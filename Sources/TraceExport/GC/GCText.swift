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
    output.writeText("garbage collections", report) {
      GCOverview($0).lines + GCTables($0, listLimit: report.listLimit).lines
    }
  }
}
