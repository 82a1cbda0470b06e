public import TraceAnalysis
import TraceEvents

/// A ``GCReport`` as one JSON object; Docs/reports.md lists its keys.
public struct GCJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: GCReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON("gc", report) { Self.write($1, limit: report.listLimit, to: &$0) }
  }

  private static func write(
    _ process: GCReport.Process, limit: Int?, to json: inout OutputBuffer
  ) {
    json.field("collection_count", process.collections.count)
    json.field("paused_percent", process.paused_percent)
    json.field("pause_source", process.pauseSource.rawValue)
    json.field("pauses") { $0.durations(process.pauses, withBuckets: true) }
    json.field("suspensions") { $0.durations(process.suspensions) }
    json.field("allocated_bytes", process.allocated_bytes)
    json.field("allocated_bytes_per_s", process.allocated_bytes_per_s)
    json.field("promoted_bytes", process.promoted_bytes)
    json.field("peak_heap_bytes", process.peakHeap_bytes)
    json.field("last_heap_bytes", process.lastHeap_bytes)
    json.field("generations", each: process.generations) {
      $0.field("generation", $1.key)
      $0.group($1)
    }
    json.field("causes", each: process.causes) {
      $0.field("cause", $1.key.name)
      $0.group($1)
    }
    json.field("longest_pauses", each: process.longestPauses) {
      $0.field("start_ns", $1.start_ns)
      $0.field("pause_ns", $1.duration_ns)
      $0.field("suspend_ns", $1.suspend_ns)
      $0.field("number", $1.collection)
      $0.field("generation", $1.generation)
      $0.field("cause", $1.cause?.name)
      $0.field("before", each: $1.before ?? []) { $0.thread($1) }
    }
    json.field("stalls") { $0.durations(process.stalls) }
    json.field("longest_stalls", each: process.longestStalls) {
      $0.field("start_ns", $1.start_ns)
      $0.field("stall_ns", $1.duration_ns)
      $0.field("tid", $1.threadID)
      $0.field("thread", $1.threadName)
    }
    json.field("open", each: process.open) {
      $0.field("kind", $1.kind.rawValue)
      $0.field("number", $1.number)
      $0.field("start_ns", $1.start_ns)
      $0.field("reason", $1.reason.rawValue)
    }
    json.field("collections_without_start", process.collectionsWithoutStart)
    json.field("suspensions_without_start", process.suspensionsWithoutStart)
    json.field("collections", each: process.collections.prefix(limit ?? .max)) {
      $0.collection($1)
    }
  }
}

extension OutputBuffer {
  /// Writes the keys of a summary of durations.
  mutating func durations(_ summary: DurationSummary, withBuckets: Bool = false) {
    field("count", summary.count)
    field("total_ns", summary.total_ns)
    field("max_ns", summary.max_ns)
    field("mean_ns", summary.mean_ns)
    field("p50_ns", summary.p50_ns)
    field("p90_ns", summary.p90_ns)
    field("p95_ns", summary.p95_ns)
    field("p99_ns", summary.p99_ns)
    field("p999_ns", summary.p999_ns)
    guard withBuckets else { return }
    field("buckets", each: summary.buckets) {
      $0.field("from_ns", $1.from_ns)
      $0.field("below_ns", $1.below_ns)
      $0.field("count", $1.count)
    }
  }

  fileprivate mutating func thread(_ thread: GCReport.ThreadBefore) {
    field("tid", thread.tid)
    field("thread", thread.name)
    field("cpu_ns", thread.cpu_ns)
    field("last_ns", thread.last_ns)
    field("events", each: thread.events) {
      $0.field("event", $1.event)
      $0.field("count", $1.count)
    }
    field("frames", thread.frames.map(\.name))
  }

  fileprivate mutating func group<Key>(_ group: GCReport.Group<Key>) {
    field("collection_count", group.collections)
    field("pauses") { $0.durations(group.pauses) }
    field("collect_ns", group.collect_ns)
    field("promoted_bytes", group.promoted_bytes)
  }

  fileprivate mutating func collection(_ row: GCReport.Collection) {
    field("number", row.number)
    field("generation", row.generation)
    field("cause", row.cause.name)
    field("type", row.type.name)
    field("collector", row.collector)
    field("start_ns", row.start_ns)
    field("collect_ns", row.collect_ns)
    field("pause_ns", row.pause_ns)
    field("suspend_ns", row.suspend_ns)
    field("allocated_bytes", row.allocated_bytes)
    field("heap_before_bytes", row.heapBefore_bytes)
    field("heap_after_bytes", row.heapAfter_bytes)
    field("promoted_bytes", row.promoted_bytes)
    field("survival_percent", row.survival_percent)
  }
}
