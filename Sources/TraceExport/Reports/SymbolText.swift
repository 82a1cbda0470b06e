public import TraceAnalysis

/// The images and sources of code in a trace's stacks, and how much of each is named:
///
///      frames    named  addresses    named
///     123,456   99.9 %      1,234   98.0 %  /usr/lib/libc.so.6
///                                           build id 93ac61ec…
///                                           names: in the trace (1,209 places)
///                                           unnamed: 12 frames at 25 addresses, no symbol
public struct SymbolText: Renderer {
  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: SymbolReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    output.append(escaped: "\(report.trace): symbols")
    output.append("\n")
    writeSummary(report, to: &output)
    writeModules(report.shownModules, to: &output)
    writeCodeFiles(report, to: &output)
    writeReasons(report, to: &output)
  }

  private func writeSummary(_ report: SymbolReport, to output: inout OutputBuffer) {
    let (named, all) = (report.named, report.all)
    output.append(
      text: "  stacks     \(grouped(report.events)) with \(counted(all.frames, "frame")) at "
        + "\(report.isCut ? "more than " : "")"
        + "\(counted(all.addresses, "address", "addresses"))\n")
    if report.callersLost > 0 {
      output.append(
        text: "  cut        \(share(report.callersLost, report.events)) of the stacks end before "
          + "the first function of their thread\n")
    }
    output.append(
      text: "  named      \(share(named.frames, all.frames)) of the frames, "
        + "\(share(named.addresses, all.addresses)) of the addresses\n")
    let recorded =
      report.recordedFunctions == 0
      ? "no symbols: names come from this machine's files"
      : "\(counted(report.recordedFunctions, "function")) of "
        + counted(report.recordedImages, "image")
    output.append(text: "  in trace   \(recorded)\n")
    if report.imagesNotHit > 0 {
      output.append(
        text: "  not hit    "
          + counted(report.imagesNotHit, "more image was mapped", "more images were mapped") + "\n")
    }
  }

  private func writeModules(
    _ modules: [SymbolReport.Module], to output: inout OutputBuffer
  ) {
    guard !modules.isEmpty else { return }
    let heading = ["frames", "named", "addresses", "named"]
    let rows = modules.map { module -> [String] in
      let all = module.all
      return [
        grouped(all.frames), share(module.named.frames, all.frames), grouped(all.addresses),
        share(module.named.addresses, all.addresses),
      ]
    }
    let widths = heading.indices.map { column in
      rows.map { $0[column].count }.reduce(heading[column].count, max)
    }
    func columns(_ cells: [String]) -> String {
      zip(cells, widths).map { $0.indented(to: $1) }.joined(separator: "  ") + "  "
    }
    let head = columns(heading)
    let indent = String(repeating: " ", count: head.count)
    output.append(text: "\n\(head)image or source of code\n")
    for (module, row) in zip(modules, rows) {
      output.append(text: columns(row) + title(module) + "\n")
      for line in details(module) { output.append(text: indent + line + "\n") }
    }
  }

  private func writeCodeFiles(_ report: SymbolReport, to output: inout OutputBuffer) {
    let files = report.shownCodeFiles
    guard !files.isEmpty else { return }
    output.append(
      text: "\nFiles that announced code (\(grouped(UInt64(report.codeFileCount)))):\n\n")
    for file in files {
      let path = escaped(file.path, .text)
      output.append(
        text: "  \(file.source.name) \(path) of process \(file.pid): "
          + "\(counted(file.entries, "function"))\n")
      for problem in file.problems {
        output.append(text: "    it \(escaped(problem, .text))\n")
      }
    }
  }

  private func title(_ module: SymbolReport.Module) -> String {
    switch module.source {
    case nil: "unknown code"
    case .kernel: "the kernel"
    case .image: escaped(module.path, .text)
    case .jitdump, .provider, .perfMap: "code compiled at run time: \(module.source!.name)"
    }
  }

  private func details(_ module: SymbolReport.Module) -> [String] {
    var lines: [String] = []
    if !module.buildID.isEmpty {
      let kind = module.hasContentID ? "no build id; content" : "build id"
      lines.append("\(kind) \(hexadecimal(module.buildID))")
    }
    if module.announced > 0 {
      lines.append("\(counted(module.announced, "function")) announced")
    }
    if module.processes > 1 { lines.append("in \(module.processes) processes") }
    if !module.origins.isEmpty {
      lines.append("names: " + module.origins.map(text).joined(separator: ", "))
    }
    for unnamed in module.unnamed {
      lines.append("unnamed: \(text(unnamed.count)), \(unnamed.reason.label)")
    }
    return lines
  }

  private func text(_ origin: SymbolReport.Origin) -> String {
    let count = "(\(grouped(origin.places)) \(origin.places == 1 ? "place" : "places"))"
    switch origin.kind {
    case .trace: return "in the trace \(count)"
    case .machine(nil, _): return "this machine's kernel \(count)"
    case .machine(let path?, let debug):
      let file = debug ?? path
      return "\(debug == nil ? "file" : "debug file") \(escaped(file, .text)) \(count)"
    case .other: return "elsewhere \(count)"
    }
  }

  private func text(_ count: SymbolReport.Count) -> String {
    "\(grouped(count.frames)) \(count.frames == 1 ? "frame" : "frames") at "
      + "\(grouped(count.addresses)) \(count.addresses == 1 ? "address" : "addresses")"
  }

  private func writeReasons(_ report: SymbolReport, to output: inout OutputBuffer) {
    let unnamed = report.unnamed
    guard !unnamed.isEmpty else {
      output.append("\nEvery address has a name.\n")
      return
    }
    output.append("\nReasons for missing names, and advice:\n")
    for entry in unnamed {
      output.append(text: "\n  \(entry.reason.label): \(text(entry.count))\n")
      output.append(text: "    \(entry.reason.sentence)\n")
    }
  }

  /// Returns a percentage such as `99.9 %`; never 100 % if anything is missing.
  private func share(_ part: UInt64, _ whole: UInt64) -> String {
    guard whole > 0 else { return "-" }
    if part < whole, part * 1000 > whole * 999 { return ">99.9 %" }
    return tenths(Double(part) / Double(whole) * 100) + " %"
  }
}

/// Returns lowercase digits, two per byte.
func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
