public import TraceAnalysis

/// A ``SummaryReport`` as one JSON object; Docs/reports.md lists its keys.
public struct SummaryJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: SummaryReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("summary", report)
      json.field("trace", report.trace)
      json.field("events", report.events)
      json.field("duration_ns", report.duration_ns)
      json.field("topics", each: report.topics) {
        $0.field("topic", $1.kind.name)
        $0.field("is_unusual", $1.isUnusual)
        $0.field("command", $1.kind.command)
        $0.field("subject", $1.subject)
        $0.field("pid", $1.pid)
        $0.field("count", $1.count)
        $0.field("percent", $1.percent)
        $0.field("amount_ns", $1.amount_ns)
        $0.field("max_ns", $1.max_ns)
        $0.field("per_s", $1.rate)
        $0.field("most", $1.most)
        $0.field("sentence", SummaryText.sentence($1))
      }
    }
  }
}

extension SummaryReport.Kind {
  fileprivate var name: String {
    switch self {
    case .losses: "losses"
    case .partial: "partial"
    case .system(let finding): finding.kind.rawValue
    case .collections: "collections"
    case .stalls: "stalls"
    case .exceptions: "exceptions"
    case .requests: "requests"
    case .threads: "threads"
    case .contention: "contention"
    case .allocations: "allocations"
    case .compilations: "compilations"
    case .function: "function"
    }
  }
}
