public import TraceAnalysis

/// A ``ContentionReport`` as one JSON object; Docs/reports.md lists its keys.
public struct ContentionJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: ContentionReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let limit = report.listLimit ?? .max
    output.writeJSON("contention", report) { json, process in
      json.field("contended") { $0.section(process.contended, limit) }
      json.field("notified") { $0.section(process.notified, limit) }
      json.field("open_count", process.openCount)
      json.field("open", each: process.open) {
        $0.lock($1.kind, $1.type, $1.id)
        $0.field("tid", $1.tid)
        $0.field("thread", $1.thread)
        $0.field("start_ns", $1.start_ns)
        $0.field("reason", $1.cause.rawValue)
        $0.field("frames", $1.frames.map(\.name))
      }
      json.field("stops_without_start", process.stopsWithoutStart)
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func section(_ section: ContentionReport.Section, _ limit: Int) {
    field("waits") { $0.durations(section.waits, withBuckets: true) }
    field("lock_count", section.locks.count)
    field("locks", each: section.locks.prefix(limit)) {
      $0.lock($1.kind, $1.type, $1.id)
      $0.durations($1.waits)
      $0.field("threads", $1.threads)
      $0.field("places", each: $1.places) {
        $0.field("count", $1.count)
        $0.field("total_ns", $1.total_ns)
        $0.field("frames", $1.frames.map(\.name))
      }
      $0.field("owners", each: $1.owners) {
        $0.owner($1)
        $0.field("count", $1.count)
      }
    }
    field("longest", each: section.longest) { json, wait in
      json.lock(wait.kind, wait.type, wait.id)
      json.field("tid", wait.tid)
      json.field("thread", wait.thread)
      json.field("start_ns", wait.start_ns)
      json.field("wait_ns", wait.wait_ns)
      json.field("frames", wait.frames.map(\.name))
      json.field("owner", each: wait.owner.map { [$0] } ?? []) { $0.owner($1) }
    }
  }

  fileprivate mutating func lock(_ kind: ContentionReport.Kind, _ type: String, _ id: UInt64?) {
    field("kind", kind.rawValue)
    field("type", type)
    field("lock", id.map(hexadecimal))
  }

  private mutating func owner(_ owner: ContentionReport.Owner) {
    field("tid", owner.tid)
    field("thread", owner.name)
    field("frames", owner.frames.map(\.name))
  }
}
