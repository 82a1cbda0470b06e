internal import TraceAnalysis
internal import TraceEvents
internal import TraceExport
internal import TraceFormat

/// What the page asks for at its start, and again while a trace grows.
enum StateRoute {
  /// The traces, and whether they are still being written.
  static func answer(_ file: TraceFile, _ query: Query, _ place: Workplace) throws -> Answer {
    let files = try place.options.paths.indices.map { try place.file($0) }
    return Answer { json in
      json.field("files", each: files) { json, file in
        json.field("path", file.path)
        json.field("events", file.eventCount)
        json.field("is_complete", file.isComplete)
        json.field("state", state(file))
        json.field("size_bytes", file.byteCount)
        json.field("unreadable", file.damage.count)
        json.field("lost", file.lossTotals.reduce(UInt64(0)) { $0.addingCapped($1.count) })
        json.field("start_unix_ns", String(file.startUnixNanoseconds))
      }
      json.field("reports", ReportRoute.all.map(\.name))
      json.field("exports", each: ExportRoute.formats) { json, format in
        json.field("name", format.name)
        json.field("ending", format.fileExtensions.first ?? "")
        json.field("times", ExportRoute.showsTimes(format.name))
      }
    }
  }

  /// `complete`, `recording` while a collection holds the file or it has just been written, or else
  /// `unfinished`.
  private static func state(_ file: TraceFile) -> String {
    if file.isComplete { return "complete" }
    return file.isBeingWritten || FileMark(file.path).isRecent ? "recording" : "unfinished"
  }

  /// The event types with their fields, for the filter of events.
  static func types(_ file: TraceFile, _ query: Query, _ place: Workplace) throws -> Answer {
    let types = file.eventTypes.filter { $0.count > 0 }.sorted { $0.count > $1.count }
    let profile = try ProfileDescription(of: file)
    return Answer { json in
      json.field("profile", each: profile.map { $0.types.indices.prefix(256) } ?? 0..<0) {
        json, type in
        json.field("name", profile?.types[type] ?? "")
        json.field("event", profile?.event ?? "")
        json.field("field", profile.flatMap { type < $0.fields.count ? $0.fields[type] : nil })
        json.field("is_shown", profile.map { Int($0.shown) } == type)
      }
      json.field("types", each: types.prefix(2000)) { json, type in
        json.field("provider", type.schema.provider)
        json.field("event", type.schema.name)
        json.field("count", type.count)
        json.field("fields", type.schema.fields.map(\.name))
      }
    }
  }
}
