public import TraceAnalysis

/// A ``GateReport`` as one JSON object; Docs/reports.md lists its keys.
public struct GateJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: GateReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("gate", report)
      json.field("verdict", report.verdict.rawValue)
      json.field("sentence", report.sentence)
      json.field("base_run_count", report.baseRuns)
      json.field("new_run_count", report.newRuns)
      json.field("problems", report.problems.map(\.sentence))
      json.field("metrics", each: report.rows) { json, row in
        json.field("name", row.metric.name)
        json.field("verdict", row.verdict.rawValue)
        json.field("better", row.metric.better.rawValue)
        json.field("base", row.base)
        json.field("new", row.new)
        json.field("worse_percent", row.worse_percent)
        json.field("limit_percent", row.limit_percent)
        json.field("noise_percent", row.noise_percent)
        json.field("noise_percent_max", row.noise_percent_max)
        json.field("problem", row.problem?.sentence)
      }
    }
  }
}
