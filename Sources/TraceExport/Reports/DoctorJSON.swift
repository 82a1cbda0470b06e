public import TraceAnalysis

/// A ``DoctorReport`` as one JSON object; Docs/reports.md lists its keys.
public struct DoctorJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: DoctorReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("doctor", report)
      json.field("fails", report.fails)
      json.field("findings", each: report.findings) {
        $0.field("verdict", $1.verdict.rawValue)
        $0.field("subject", $1.subject)
        $0.field("observation", $1.observation)
        $0.field("advice", $1.advice)
      }
    }
  }
}
