public import TraceAnalysis
import TraceEvents
import TraceFormat

/// An ``InfoReport`` as one JSON object; Docs/reports.md lists its keys.
public struct InfoJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: InfoReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("info", report)
      json.field("trace", report.trace)
      json.field("size_bytes", report.size_bytes)
      json.field("session") { Self.session(report.session, to: &$0) }
      json.field("clock_syncs", report.clockSyncs)
      // The value exceeds 2^53, so readers that use doubles would round it.
      json.field("start_unix_ns", "\(report.start_unix_ns)")
      json.field("duration_ns", report.duration_ns)
      json.field("events", report.events)
      json.field("blocks", report.blocks)
      json.sampling(report.sampling)
      json.field("event_types", each: report.eventTypes) {
        $0.field("provider", $1.provider)
        $0.field("name", $1.name)
        $0.field("events", $1.count)
        $0.field("level", $1.level.name)
        $0.keywords($1.keywords)
      }
      json.field("processes", each: report.processes) {
        $0.field("pid", $1.pid)
        $0.field("executable", $1.executable)
        $0.field("arguments", $1.arguments)
        $0.field("joined_ns", $1.joined_ns)
        $0.field("ended_ns", $1.ended_ns)
      }
      json.field("losses", each: report.losses) {
        $0.field("events", $1.events)
        $0.field("cause", $1.cause.name)
        $0.field("cpu", $1.cpu)
        $0.field("from_ns", $1.from_ns)
        $0.field("to_ns", $1.to_ns)
        $0.field("pid", $1.pid)
      }
    }
  }

  private static func session(_ session: SessionDescription, to json: inout OutputBuffer) {
    json.field("name", session.name)
    json.field("mode", session.mode.name)
    json.field("clock", session.clock == .counter ? "counter" : "monotonic")
    json.field("ticks_per_second", session.ticksPerSecond)
    json.field("machine") {
      $0.field("host_name", session.machine.hostName)
      $0.field("operating_system", session.machine.operatingSystem)
      $0.field("architecture", session.machine.architecture)
      $0.field("cpus", session.machine.cpuCount)
      $0.field("page_bytes", session.machine.pageSize)
    }
  }
}

extension OutputBuffer {
  /// Writes the names of keywords, and the unnamed bits in hexadecimal.
  mutating func keywords(_ keywords: KeywordNames) {
    field("keywords", keywords.names)
    let bits = keywords.unnamed
    field("unnamed_keywords", bits.isEmpty ? nil : "0x" + String(bits.rawValue, radix: 16))
  }
}
