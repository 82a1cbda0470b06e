public import TraceAnalysis

/// The functions of a ``ComparisonReport`` as comma-separated values, one row each.
public struct ComparisonCSV: Renderer {
  public let format = OutputFormat(
    "csv", fileExtensions: ["csv"], summary: "a table of functions")

  public init() {}

  private static let columns = ["function", "base_samples", "new_samples"]
  private static let changes = ["percent", "low_percent", "high_percent", "verdict"]

  /// Writes a heading and the rows, each ended by CR LF. An unknown value is an empty cell.
  public func render(
    _ report: ComparisonReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let unit = report.quantity.unit == .cpuTime ? "_ns" : ""
    let changes = ["base" + unit, "new" + unit] + Self.changes
    output.writeCSV(
      Self.columns + ["excess" + unit, "overweight_percent"] + changes.map { "exclusive_" + $0 }
        + changes.map { "inclusive_" + $0 })
    for function in report.functions(limit: report.listLimit ?? .max) {
      output.writeCSV(
        [
          function.frame.name, csv(function.baseSamples), csv(function.newSamples),
          csv(function.excess), csv(function.overweight_percent),
        ] + cells(function.exclusive) + cells(function.inclusive))
    }
  }

  private func cells(_ change: ComparisonReport.Change) -> [String?] {
    [
      csv(change.base), csv(change.new), csv(change.percent),
      csv(change.interval_percent?.lowerBound), csv(change.interval_percent?.upperBound),
      change.verdict.rawValue,
    ]
  }
}
