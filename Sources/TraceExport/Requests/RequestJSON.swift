public import TraceAnalysis

/// A ``RequestReport`` as one JSON object; Docs/reports.md lists its keys.
public struct RequestJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: RequestReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON("requests", report) { json, process in
      json.field("group_count", process.groups.count)
      json.field("groups", each: process.groups.prefix(report.listLimit ?? .max)) {
        $0.activity($1.provider, $1.activity, $1.name)
        $0.field("rate_per_s", process.perSecond(UInt64($1.durations.count)))
        $0.durations($1.durations, withBuckets: true)
      }
      json.field("slowest", each: process.slowest) { $0.request($1) }
      json.field("open_count", process.openCount)
      json.field("open", each: process.open) {
        $0.activity($1.provider, $1.activity, $1.name)
        $0.field("id", $1.id)
        $0.field("start_ns", $1.start_ns)
        $0.field("reason", $1.reason.rawValue)
      }
      json.field("stops_without_start", process.stopsWithoutStart)
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func activity(_ provider: String, _ activity: String, _ name: String) {
    field("provider", provider)
    field("activity", activity)
    field("name", name)
  }

  fileprivate mutating func request(_ request: RequestReport.Request) {
    activity(request.provider, request.activity, request.name)
    field("id", request.id)
    field("trace_id", request.context?.traceID)
    field("span_id", request.context?.spanID)
    field("start_ns", request.start_ns)
    field("duration_ns", request.duration_ns)
    field("start_tid", request.startThread)
    field("stop_tid", request.stopThread)
    field("cpu_ns", request.split.cpu_ns)
    field("running_ns", request.split.states?.running_ns)
    field("runnable_ns", request.split.states?.runnable_ns)
    field("blocked_ns", request.split.states?.blocked_ns)
    field("gc_pause_ns", request.split.gcPause_ns)
    field("events", each: request.split.events) {
      $0.field("event", $1.event)
      $0.field("count", $1.count)
    }
  }
}
