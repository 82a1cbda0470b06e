public import TraceAnalysis

/// A ``ThreadReport`` as one JSON object; Docs/reports.md lists its keys.
public struct ThreadJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: ThreadReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let heading = { (json: inout OutputBuffer) in
      json.field("has_wake_ups", report.hasWakeUps)
      json.field("has_stacks", report.hasStacks)
    }
    output.writeJSON("threads", report, heading: heading) { json, process in
      json.times(process.times)
      json.field("reasons", each: process.reasons) { $0.reason($1) }
      json.field("thread_count", process.threads.count)
      json.field("threads", each: process.threads.prefix(report.listLimit ?? .max)) {
        $0.thread($1)
      }
      json.field("waits", each: process.waits.prefix(report.listLimit ?? .max)) { $0.wait($1) }
      json.field("longest_waits", each: process.longest) { json, wait in
        json.field("tid", wait.tid)
        json.field("thread", wait.name)
        json.field("start_ns", wait.start_ns)
        json.field("wait_ns", wait.wait_ns)
        json.field("reason", wait.reason.rawValue)
      }
      json.field("open_count", process.openCount)
      json.field("open", each: process.open) { json, open in
        json.field("tid", open.tid)
        json.field("thread", open.name)
        json.field("start_ns", open.start_ns)
        json.field("reason", open.reason.rawValue)
        json.field("cause", open.cause.rawValue)
      }
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func times(_ times: ThreadReport.Times) {
    field("life_ns", times.life_ns)
    field("running_ns", times.running_ns)
    field("runnable_ns", times.runnable_ns)
    field("preempted_ns", times.preempted_ns)
    field("blocked_ns", times.blocked_ns)
    field("unknown_ns", times.unknown_ns)
    field("wait_count", times.waits)
    field("preemptions", times.preemptions)
  }

  fileprivate mutating func reason(_ reason: ThreadReport.Reason) {
    field("reason", reason.reason.rawValue)
    field("count", reason.count)
    field("total_ns", reason.total_ns)
    field("max_ns", reason.max_ns)
  }

  fileprivate mutating func thread(_ thread: ThreadReport.Thread) {
    field("tid", thread.tid)
    field("thread", thread.name)
    field("from_ns", thread.from_ns)
    field("to_ns", thread.to_ns)
    times(thread.times)
    field("reasons", each: thread.reasons) { $0.reason($1) }
  }

  fileprivate mutating func wait(_ wait: ThreadReport.Wait) {
    field("reason", wait.reason.rawValue)
    field("count", wait.count)
    field("total_ns", wait.total_ns)
    field("max_ns", wait.max_ns)
    field("threads", wait.threads)
    field("frames", wait.frames.map(\.name))
    field("wakers", each: wait.wakers) { json, waker in
      json.field("context", waker.context)
      json.field("tid", waker.tid)
      json.field("pid", waker.pid)
      json.field("thread", waker.name)
      json.field("count", waker.count)
      json.field("total_ns", waker.total_ns)
      json.field("frames", waker.frames.map(\.name))
    }
  }
}
