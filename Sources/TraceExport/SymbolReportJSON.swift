package import TraceAnalysis

/// A ``SymbolReport`` as one JSON object (RFC 8259) on one line.
///
///     {"events":…,"named":{"frames":…,"addresses":…},"unnamed":[…],"recorded":{…},
///      "modules":[{"path":"/usr/lib/libc.so.6","source":"image","buildID":"93ac…",
///        "named":{…},"unnamed":[{"reason":"no symbol","frames":…,"addresses":…}],
///        "origins":[{"from":"trace","places":…}]}]}
///
/// - What has no value is left out: `buildID`, `source` where nothing is known of what was there.
package struct SymbolReportJSON {
  private let report: SymbolReport
  private let onlyMissing: Bool

  package init(_ report: SymbolReport, onlyMissing: Bool = false) {
    self.report = report
    self.onlyMissing = onlyMissing
  }

  package func write(to output: inout OutputBuffer) {
    let modules = report.modules.filter { !onlyMissing || !$0.unnamed.isEmpty }
    output.append(text: "{\"events\":\(report.events),\"named\":\(object(report.named))")
    output.append(text: ",\"unnamed\":[\(list(report.unnamed, withAdvice: true))]")
    output.append(
      text: ",\"recorded\":{\"images\":\(report.recordedImages),"
        + "\"functions\":\(report.recordedFunctions)},\"imagesNotHit\":\(report.imagesNotHit)")
    if report.isCut { output.append(",\"isCut\":true") }
    output.append(",\"modules\":[")
    for (index, module) in modules.enumerated() {
      output.append(text: (index > 0 ? "," : "") + object(module))
    }
    output.append("],\"codeFiles\":[")
    let files = report.codeFiles.filter { !onlyMissing || !$0.problems.isEmpty }
    for (index, file) in files.enumerated() {
      output.append(text: (index > 0 ? "," : "") + object(file))
    }
    output.append("]}\n")
  }

  private func object(_ file: SymbolReport.CodeFile) -> String {
    "{\"path\":\(quoted(file.path)),\"pid\":\(file.pid),\"source\":\(quoted(file.source.name)),"
      + "\"entries\":\(file.entries),"
      + "\"problems\":[\(file.problems.map(quoted).joined(separator: ","))]}"
  }

  private func object(_ module: SymbolReport.Module) -> String {
    var text = "{\"path\":\(quoted(module.path))"
    if let source = module.source { text += ",\"source\":\(quoted(source.name))" }
    if !module.buildID.isEmpty { text += ",\"buildID\":\"\(hexadecimal(module.buildID))\"" }
    if module.announced > 0 { text += ",\"announced\":\(module.announced)" }
    text += ",\"processes\":\(module.processes),\"named\":\(object(module.named))"
    text += ",\"unnamed\":[\(list(module.unnamed, withAdvice: false))]"
    text += ",\"origins\":[\(module.origins.map(object).joined(separator: ","))]}"
    return text
  }

  private func object(_ count: SymbolReport.Count) -> String {
    "{\"frames\":\(count.frames),\"addresses\":\(count.addresses)}"
  }

  private func object(_ origin: SymbolReport.Origin) -> String {
    switch origin.kind {
    case .trace: return "{\"from\":\"trace\",\"places\":\(origin.places)}"
    case .other: return "{\"from\":\"other\",\"places\":\(origin.places)}"
    case .machine(let path, let debugFile):
      var text = "{\"from\":\"machine\",\"places\":\(origin.places)"
      if let path { text += ",\"file\":\(quoted(path))" }
      if let debugFile { text += ",\"debugFile\":\(quoted(debugFile))" }
      return text + "}"
    }
  }

  private func list(_ unnamed: [SymbolReport.Unnamed], withAdvice: Bool) -> String {
    unnamed.map { entry in
      var text = "{\"reason\":\(quoted(entry.reason.label)),\"frames\":\(entry.count.frames)"
      text += ",\"addresses\":\(entry.count.addresses)"
      if withAdvice { text += ",\"advice\":\(quoted(entry.reason.sentence))" }
      return text + "}"
    }.joined(separator: ",")
  }
}
