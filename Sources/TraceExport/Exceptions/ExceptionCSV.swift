public import TraceAnalysis

/// The groups of an ``ExceptionReport`` as comma-separated values, one row each.
public struct ExceptionCSV: Renderer {
  public let format = OutputFormat(
    "csv", fileExtensions: ["csv"], summary: "a table of types and message patterns")

  public init() {}

  private static let columns = [
    "type", "pattern", "thrown", "rethrown", "caught", "thrown_per_s", "first_ns",
    "last_ns",
  ]

  /// Writes a heading and the rows, each ended by CR LF. An unknown value is an empty cell.
  public func render(
    _ report: ExceptionReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeCSV(Self.columns, report, rows: \.groups) { group, process in
      [
        group.type, group.pattern, csv(group.thrown), csv(group.rethrown), csv(group.caught),
        csv(process.perSecond(group.thrown)), csv(group.first_ns), csv(group.last_ns),
      ]
    }
  }
}
