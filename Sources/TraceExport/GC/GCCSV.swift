public import TraceAnalysis

/// The collections of a ``GCReport`` as comma-separated values, one row each.
public struct GCCSV: Renderer {
  public let format = OutputFormat(
    "csv", fileExtensions: ["csv"], summary: "a table of collections")

  public init() {}

  private static let columns = [
    "number", "generation", "cause", "type", "start_ns", "collect_ns", "pause_ns",
    "suspend_ns", "allocated_bytes", "heap_before_bytes", "heap_after_bytes", "promoted_bytes",
    "survival_percent", "collector",
  ]

  /// Writes a heading and the rows, each ended by CR LF. An unknown value is an empty cell.
  public func render(
    _ report: GCReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeCSV(Self.columns, report, rows: \.collections) { row, _ in
      [
        csv(row.number), csv(row.generation), row.cause.name, row.type.name, csv(row.start_ns),
        csv(row.collect_ns), csv(row.pause_ns), csv(row.suspend_ns), csv(row.allocated_bytes),
        csv(row.heapBefore_bytes), csv(row.heapAfter_bytes), csv(row.promoted_bytes),
        csv(row.survival_percent), row.collector,
      ]
    }
  }
}
