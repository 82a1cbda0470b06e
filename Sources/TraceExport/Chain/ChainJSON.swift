public import TraceAnalysis

/// A ``ChainReport`` as one JSON object; Docs/reports.md lists its keys.
public struct ChainJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: ChainReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("chain", report)
      json.field("trace", report.heading.trace)
      json.field("events", report.heading.events)
      json.field("has_wake_ups", report.hasWakeUps)
      json.field("has_stacks", report.hasStacks)
      json.thread(report.thread)
      json.field("from_ns", report.from_ns)
      json.field("to_ns", report.to_ns)
      let limit = report.heading.listLimit ?? .max
      json.field("causes", each: report.causes.prefix(limit)) { json, cause in
        json.thread(cause.thread)
        json.field("state", cause.state.rawValue)
        json.field("reason", cause.reason?.rawValue)
        json.field("count", cause.count)
        json.field("total_ns", cause.total_ns)
        json.field("max_ns", cause.max_ns)
        json.field("frames", cause.frames.map(\.name))
      }
      json.field("step_count", report.steps.count)
      json.field("steps", each: report.steps.suffix(limit)) { json, step in
        json.thread(step.thread)
        json.field("start_ns", step.start_ns)
        json.field("duration_ns", step.duration_ns)
        json.field("state", step.state.rawValue)
        json.field("reason", step.reason?.rawValue)
        json.field("end", step.end?.rawValue)
        json.field("depth", step.depth)
      }
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func thread(_ thread: ChainReport.Thread) {
    field("tid", thread.tid)
    field("pid", thread.pid)
    field("thread", thread.name)
  }
}
