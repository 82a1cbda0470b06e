public import TraceAnalysis

/// A ``JITReport`` as one JSON object; Docs/reports.md lists its keys.
public struct JITJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: JITReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON("jit", report) {
      $0.totals($1)
      $0.tables($1, limit: report.listLimit)
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func totals(_ process: JITReport.Process) {
    field("compiled", process.compiled)
    field("code_bytes", process.code_bytes)
    field("times") { $0.durations(process.times, withBuckets: true) }
    field("recompiled", process.recompiled)
    field("unloaded", process.unloaded)
    field("unloaded_bytes", process.unloaded_bytes)
    field("moved", process.moved)
    field("before", process.before)
    field("before_bytes", process.before_bytes)
    field("without_code", process.withoutCode)
    field("peak_code_bytes", process.peakCode_bytes)
    field("last_code_bytes", process.lastCode_bytes)
  }

  fileprivate mutating func tables(_ process: JITReport.Process, limit: Int?) {
    field("tiers", each: process.tiers) {
      $0.field("tier", $1.tier.name)
      $0.field("compiled", $1.compiled)
      $0.field("code_bytes", $1.code_bytes)
      $0.field("times") { [times = $1.times] in $0.durations(times) }
    }
    field("tier_changes", each: process.tierChanges) {
      $0.field("from_tier", $1.from.name)
      $0.field("to_tier", $1.to.name)
      $0.field("count", $1.count)
    }
    field("code_over_time", each: process.codeOverTime) {
      $0.field("time_ns", $1.time_ns)
      $0.field("code_bytes", $1.code_bytes)
    }
    field("compilations", each: process.compilations.prefix(limit ?? .max)) {
      $0.field("method_id", "0x" + String($1.methodID, radix: 16))
      $0.field("method", $1.method)
      $0.field("tier", $1.tier.name)
      $0.field("start_ns", $1.start_ns)
      $0.field("compile_ns", $1.time_ns)
      $0.field("code_bytes", $1.code_bytes)
      $0.field("il_bytes", $1.il_bytes)
      $0.field("is_again", $1.isAgain)
    }
  }
}
