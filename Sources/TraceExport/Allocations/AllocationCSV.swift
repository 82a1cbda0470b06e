public import TraceAnalysis

/// The types of an ``AllocationReport`` as comma-separated values, one row each.
public struct AllocationCSV: Renderer {
  public let format = OutputFormat(
    "csv", fileExtensions: ["csv"], summary: "a table of types")

  public init() {}

  private static let columns = [
    "type", "samples", "allocated_bytes", "allocated_bytes_per_s", "objects",
  ]

  /// Writes a heading and the rows, each ended by CR LF. An unknown value is an empty cell.
  public func render(
    _ report: AllocationReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeCSV(Self.columns, report, rows: \.types) { row, process in
      [
        row.type, csv(row.amount.samples), csv(row.amount.bytes),
        csv(process.perSecond(row.amount.bytes)), csv(row.amount.objects),
      ]
    }
  }
}
