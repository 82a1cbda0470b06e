import TraceEvents
import TraceSession

/// What `tracectl providers` prints: each provider once, with the processes that have it.
struct ProviderReport {
  /// Processes that are named for a provider.
  static let processLimit = 20

  private let entries: [ProviderDirectory.Entry]
  private let showsFields: Bool

  init(_ entries: [ProviderDirectory.Entry], showsFields: Bool = false) {
    self.entries = entries
    self.showsFields = showsFields
  }

  var lines: [String] {
    if entries.isEmpty {
      return [
        "no running program of yours has a provider; "
          + "'tracectl collect -providers … -- command' starts one and traces it"
      ]
    }
    var lines: [String] = []
    for (schema, processes) in providers {
      if !lines.isEmpty { lines.append("") }
      lines.append("\(schema.name)  in \(names(processes))")
      lines += keywords(schema) + events(schema)
    }
    return lines
  }

  /// Providers by name; those of one name that differ stay apart.
  private var providers: [(schema: ProviderSchema, processes: [TracedProcess])] {
    var order: [ProviderSchema] = []
    var processes: [ProviderSchema: [TracedProcess]] = [:]
    for entry in entries {
      for schema in entry.providers {
        if processes[schema] == nil { order.append(schema) }
        processes[schema, default: []].append(entry.process)
      }
    }
    return order.sorted { $0.name < $1.name }.map { ($0, processes[$0] ?? []) }
  }

  private func names(_ processes: [TracedProcess]) -> String {
    let names = processes.prefix(Self.processLimit).map { process in
      "\(process.executable.split(separator: "/").last.map(String.init) ?? "?") (\(process.pid))"
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

  private func events(_ schema: ProviderSchema) -> [String] {
    var rows: [[String]] = []
    for event in schema.events {
      let keywords = keywordNames(event.keywords, schema.keywords)
      var row = ["", event.name, event.level.name, keywords]
      if showsFields { row.append(event.fields.map(Self.describe).joined(separator: ", ")) }
      rows.append(row)
    }
    let heading = ["", "event", "level", "keywords"] + (showsFields ? ["fields"] : [])
    return rows.isEmpty ? [] : Table(heading, rows: rows).lines
  }

  private static func describe(_ field: FieldSchema) -> String {
    let type =
      switch field.type.element {
      case .scalar(let scalar): "\(scalar)"
      case .enumeration(let schema): schema.name
      case .string: "string"
      case .bytes: "bytes"
      }
    let isArray = field.type == .array(field.type.element)
    return "\(field.name): \(isArray ? "[\(type)]" : type)"
  }
}
