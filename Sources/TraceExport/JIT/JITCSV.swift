public import TraceAnalysis

/// The compilations of a ``JITReport`` as comma-separated values, one row each.
public struct JITCSV: Renderer {
  public let format = OutputFormat(
    "csv", fileExtensions: ["csv"], summary: "a table of compilations")

  public init() {}

  private static let columns = [
    "method_id", "method", "tier", "start_ns", "compile_ns", "code_bytes",
    "il_bytes", "is_again",
  ]

  /// Writes a heading and the rows, each ended by CR LF. An unknown value is an empty cell.
  public func render(
    _ report: JITReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeCSV(Self.columns, report, rows: \.compilations) { row, _ in
      [
        "0x" + String(row.methodID, radix: 16), row.method, row.tier.name, csv(row.start_ns),
        csv(row.time_ns), csv(row.code_bytes), csv(row.il_bytes), csv(row.isAgain),
      ]
    }
  }
}
