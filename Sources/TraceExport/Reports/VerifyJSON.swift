public import TraceAnalysis
import TraceFormat

/// A ``VerifyReport`` as one JSON object; Docs/reports.md lists its keys.
public struct VerifyJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: VerifyReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("verify", report)
      json.field("trace", report.trace)
      json.field("is_whole", report.isWhole)
      json.field("is_finished", report.isFinished)
      json.field("size_bytes", report.size_bytes)
      json.field("unreadable_bytes", report.unreadable_bytes)
      json.field("blocks", report.blocks)
      json.field("events", report.events)
      json.field("damage", each: report.damage) {
        $0.field("offset_bytes", $1.offset)
        $0.field("size_bytes", $1.byteCount)
        $0.field("missing_blocks", $1.missingBlocks)
        $0.field("what", $1.what)
        $0.field("rule", $1.rule?.rawValue)
      }
    }
  }
}
