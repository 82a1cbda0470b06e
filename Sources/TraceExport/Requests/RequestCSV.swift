public import TraceAnalysis

/// The groups of a ``RequestReport`` as comma-separated values, one row each.
public struct RequestCSV: Renderer {
  public let format = OutputFormat(
    "csv", fileExtensions: ["csv"], summary: "a table of requests by name")

  public init() {}

  private static let columns = [
    "provider", "activity", "request", "count", "rate_per_s", "total_ns", "mean_ns", "p50_ns",
    "p90_ns", "p95_ns", "p99_ns", "p999_ns", "max_ns",
  ]

  /// Writes a heading and the rows, each ended by CR LF. An unknown value is an empty cell.
  public func render(
    _ report: RequestReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeCSV(Self.columns, report, rows: \.groups) { group, process in
      let durations = group.durations
      return [
        group.provider, group.activity, group.name, csv(durations.count),
        csv(process.perSecond(UInt64(durations.count))), csv(durations.total_ns),
        csv(durations.mean_ns), csv(durations.p50_ns), csv(durations.p90_ns),
        csv(durations.p95_ns), csv(durations.p99_ns), csv(durations.p999_ns),
        csv(durations.max_ns),
      ]
    }
  }
}
