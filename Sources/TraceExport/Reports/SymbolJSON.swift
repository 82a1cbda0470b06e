public import TraceAnalysis

/// A ``SymbolReport`` as one JSON object; Docs/reports.md lists its keys.
public struct SymbolJSON: Renderer {
  public let format = OutputFormat.json

  public init() {}

  /// Writes the report on one line. Keys without a value are omitted.
  public func render(
    _ report: SymbolReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.writeJSON { json in
      json.header("symbols", report)
      json.field("trace", report.trace)
      json.field("events", report.events)
      json.field("callersLost", report.callersLost)
      json.count("named", report.named)
      json.unnamed(report.unnamed, withAdvice: true)
      json.field("recorded") {
        $0.field("images", report.recordedImages)
        $0.field("functions", report.recordedFunctions)
      }
      json.field("imagesNotHit", report.imagesNotHit)
      if report.isCut { json.field("isCut", true) }
      json.field("modules", each: report.shownModules) { json, module in
        Self.write(module, to: &json)
      }
      json.field("codeFiles", each: report.shownCodeFiles) {
        $0.field("path", $1.path)
        $0.field("pid", $1.pid)
        $0.field("source", $1.source.name)
        $0.field("entries", $1.entries)
        $0.field("problems", $1.problems)
      }
    }
  }

  private static func write(_ module: SymbolReport.Module, to json: inout OutputBuffer) {
    json.field("path", module.path)
    if let source = module.source { json.field("source", source.name) }
    if !module.buildID.isEmpty { json.field("buildID", hexadecimal(module.buildID)) }
    if module.announced > 0 { json.field("announced", module.announced) }
    json.field("processes", module.processes)
    json.count("named", module.named)
    json.unnamed(module.unnamed, withAdvice: false)
    json.field("origins", each: module.origins) { json, origin in
      switch origin.kind {
      case .trace: json.field("from", "trace")
      case .other: json.field("from", "other")
      case .machine: json.field("from", "machine")
      }
      json.field("places", origin.places)
      guard case .machine(let path, let debugFile) = origin.kind else { return }
      if let path { json.field("file", path) }
      if let debugFile { json.field("debugFile", debugFile) }
    }
  }
}

extension OutputBuffer {
  fileprivate mutating func count(_ key: StaticString, _ count: SymbolReport.Count) {
    field(key) {
      $0.field("frames", count.frames)
      $0.field("addresses", count.addresses)
    }
  }

  fileprivate mutating func unnamed(_ unnamed: [SymbolReport.Unnamed], withAdvice: Bool) {
    field("unnamed", each: unnamed) {
      $0.field("reason", $1.reason.label)
      $0.field("frames", $1.count.frames)
      $0.field("addresses", $1.count.addresses)
      if withAdvice { $0.field("advice", $1.reason.sentence) }
    }
  }
}
