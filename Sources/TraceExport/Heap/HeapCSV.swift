public import TraceAnalysis

/// The places of a ``HeapReport`` as comma-separated values, one row each.
public struct HeapCSV: Renderer {
  public let format = OutputFormat(
    "csv", fileExtensions: ["csv"], summary: "a table of places")

  public init() {}

  private static let columns = [
    "type", "place", "in_use_bytes", "in_use_objects", "allocated_bytes", "allocated_objects",
    "samples", "growth_bytes", "freed_share", "steadiness", "leak_likelihood", "oldest_ns",
    "mean_lifetime_ns",
  ]

  /// Writes a heading and the rows, each ended by CR LF. An unknown value is an empty cell; a
  /// place's frames, the innermost first, are joined by `;`.
  public func render(
    _ report: HeapReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeCSV(Self.columns, report, rows: \.places) { row, _ in
      let usage = row.usage
      return [
        row.type, row.frames.map(\.name).joined(separator: ";"),
        csv(nearestWhole(usage.inUse.bytes)), csv(nearestWhole(usage.inUse.objects)),
        csv(nearestWhole(usage.allocated.bytes)), csv(nearestWhole(usage.allocated.objects)),
        csv(usage.allocated.samples), csv(usage.growth_bytes.rounded()), csv(usage.freedShare),
        csv(row.steadiness), csv(row.likelihood), csv(row.oldest_ns), csv(row.meanLifetime_ns),
      ]
    }
  }
}
