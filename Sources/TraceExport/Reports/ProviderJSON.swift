public import TraceAnalysis
import TraceEvents

/// A ``ProviderReport`` as one JSON object; Docs/reports.md lists its keys.
public struct ProviderJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line.
  public func render(
    _ report: ProviderReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("providers", report)
      json.field("providers", each: report.providers) { json, provider in
        json.field("name", provider.schema.name)
        json.field("processes", each: provider.processes) {
          $0.field("pid", $1.pid)
          $0.field("executable", $1.executable)
          if let runtime = $1.runtime { $0.field("runtime", runtime) }
        }
        json.field("keywords", each: provider.schema.keywords) {
          $0.field("name", $1.name)
          $0.field("bits", "0x" + String($1.keywords.rawValue, radix: 16))
        }
        json.field("events", each: provider.schema.events) { json, event in
          json.field("id", event.id)
          json.field("name", event.name)
          json.field("level", event.level.name)
          json.keywords(KeywordNames(event.keywords, provider.schema.keywords))
          json.field("fields", each: event.fields) {
            $0.field("name", $1.name)
            $0.field("type", $1.type.name)
          }
        }
      }
    }
  }
}
