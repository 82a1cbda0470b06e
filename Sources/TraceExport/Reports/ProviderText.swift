public import TraceAnalysis
import TraceEvents

/// A ``ProviderReport`` for human readers: each provider with its processes, keywords and events.
public struct ProviderText: Renderer {
  /// Maximum number of processes named per provider.
  static let processLimit = 20

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: ProviderReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    for line in lines(report) {
      output.append(escaped: line)
      output.append("\n")
    }
  }

  private func lines(_ report: ProviderReport) -> [String] {
    if report.providers.isEmpty {
      return [
        "no running program of yours has a provider; "
          + "'tracectl collect -providers … -- command' starts one and traces it"
      ]
    }
    var lines: [String] = []
    for provider in report.providers {
      if !lines.isEmpty { lines.append("") }
      lines.append("\(provider.schema.name)  in \(names(provider.processes))")
      lines += keywords(provider.schema) + events(provider.schema, report.showsFields)
    }
    return lines
  }

  private func names(_ processes: [ProviderReport.Process]) -> String {
    let names = processes.prefix(Self.processLimit).map { process -> String in
      let name = process.executable.split(separator: "/").last.map(String.init) ?? "?"
      return "\(name) (\(process.pid)\(process.runtime.map { ": " + $0 } ?? ""))"
    }
    let more = processes.count - names.count
    return names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }

  private func keywords(_ schema: ProviderSchema) -> [String] {
    if schema.keywords.isEmpty { return [] }
    let rows = schema.keywords.map {
      ["", $0.name, "0x" + String($0.keywords.rawValue, radix: 16)]
    }
    return Table(["", "keyword", "bits"], rows: rows).lines
  }

  private func events(_ schema: ProviderSchema, _ showsFields: Bool) -> [String] {
    let rows = schema.events.map { event -> [String] in
      let keywords = KeywordNames(event.keywords, schema.keywords).text
      let fields = event.fields.map { "\($0.name): \($0.type.name)" }.joined(separator: ", ")
      return ["", event.name, event.level.name, keywords] + (showsFields ? [fields] : [])
    }
    let heading = ["", "event", "level", "keywords"] + (showsFields ? ["fields"] : [])
    return rows.isEmpty ? [] : Table(heading, rows: rows).lines
  }
}
