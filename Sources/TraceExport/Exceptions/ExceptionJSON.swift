public import TraceAnalysis

/// An ``ExceptionReport`` as one JSON object; Docs/reports.md lists its keys.
public struct ExceptionJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: ExceptionReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON("exceptions", report) { json, process in
      json.field("thrown", process.thrown)
      json.field("rethrown", process.rethrown)
      json.field("caught", process.caught)
      json.field("caught_without_throw", process.caughtWithoutThrow)
      json.field("thrown_per_s", process.perSecond(process.thrown))
      json.field("time_line") { $0.timeLine(process.timeLine) }
      json.field("group_count", process.groups.count)
      json.field("groups", each: process.groups.prefix(report.listLimit ?? .max)) {
        $0.group($1, of: process)
      }
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func group(
    _ group: ExceptionReport.Group, of process: ExceptionReport.Process
  ) {
    field("type", group.type)
    field("pattern", group.pattern)
    field("message", group.message)
    field("thrown", group.thrown)
    field("rethrown", group.rethrown)
    field("caught", group.caught)
    field("thrown_per_s", process.perSecond(group.thrown))
    field("first_ns", group.first_ns)
    field("last_ns", group.last_ns)
    field("time_line") { $0.timeLine(group.timeLine) }
    field("throwers", each: group.throwers) { $0.method($1) }
    field("catchers", each: group.catchers) { $0.method($1) }
    field("stacks", each: group.stacks) {
      $0.field("count", $1.count)
      $0.field("frames", $1.frames.map(\.name))
    }
  }

  private mutating func method(_ method: ExceptionReport.Method) {
    field("method", method.name)
    field("count", method.count)
  }
}
