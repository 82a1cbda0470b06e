internal import TraceAnalysis
internal import TraceExport
public import TraceFormat

/// A report of a trace as one HTML file without scripts: summary, charts, flame graph, functions
/// and all other reports.
///
/// - Guarantee: it refers to no other file or address. Names from the trace are text.
/// - Cost: that of all reports, one after the other.
public enum PageReport {
  private static let columns = 560
  private static let functionsMax = 40

  /// Returns the file's bytes.
  ///
  /// - Throws: a ``FormatError`` if the trace can no longer be read.
  public static func html(of file: TraceFile, symbolPath: [String] = []) throws -> [UInt8] {
    var symbols = SymbolizerOptions()
    symbols.searchRoots = symbolPath
    var page = HTMLText()
    let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
    page.raw(head)
    page.element("title", name)
    page.raw("</head><body><h1>")
    page.text(name)
    page.raw("</h1>\n")
    try info(file, to: &page)
    try summary(file, symbols, to: &page)
    page.raw("<h2>Timeline</h2>\n")
    let timeline = try TimelineBuilder.timeline(of: file)
    PageCharts(view: TimelineView(timeline, nil, columns: columns, expanded: [])).write(to: &page)
    try stacks(file, symbols, to: &page)
    try others(file, symbols, to: &page)
    page.raw("<footer>made by tracectl</footer></body></html>\n")
    return page.bytes
  }

  private static func text<Output>(_ report: Output) throws -> String {
    guard let renderer = RendererRegistry.standard.renderer(of: Output.self, format: "text") else {
      return ""
    }
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    try renderer.render(report, RenderOptions(width: nil), to: &output)
    output.flush()
    return sink.text
  }

  private static func info(_ file: TraceFile, to page: inout HTMLText) throws {
    let lost = file.lossTotals.reduce(UInt64(0)) { $0.addingCapped($1.count) }
    page.table(
      ["events", "seconds", "bytes", "lost", "state"], numbers: 4,
      [
        [
          "\(file.eventCount)", "\(Double(file.durationNanoseconds / 1_000_000) / 1000)",
          "\(file.byteCount)", "\(lost)",
          !file.isComplete ? "not finished" : file.damage.isEmpty ? "whole" : "damaged",
        ]
      ])
  }

  private static func summary(
    _ file: TraceFile, _ symbols: SymbolizerOptions, to page: inout HTMLText
  ) throws {
    page.raw("<h2>Summary</h2>\n")
    guard let report = try made({ try SummaryPass(symbols: symbols).report(from: Replay(file)) })
    else {
      page.raw("<p>The trace has no events that a report is made of.</p>\n")
      return
    }
    page.raw("<ul class=\"s\">")
    for line in try text(report).split(separator: "\n") where line.hasPrefix("  ") {
      let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
      guard words.count == 2, words[0] != "lost" else { continue }
      page.raw("<li>")
      page.element("b", String(words[0]))
      page.text(" " + String(words[1]).trimmed, limit: 2000)
      page.raw("</li>\n")
    }
    page.raw("</ul>\n")
  }

  private static func stacks(
    _ file: TraceFile, _ symbols: SymbolizerOptions, to page: inout HTMLText
  ) throws {
    var options = StackOptions()
    options.symbols = symbols
    let given = options
    guard let report = try made({ try StackPass(given).report(from: Replay(file)) }) else { return }
    page.raw("<h2>CPU time</h2>\n")
    PageFlames(report: report).write(to: &page)
    let total = max(1, Double(report.unit.amount(of: report.calls.total)))
    let rows = report.functions(limit: functionsMax).functions.map { function in
      let own = Double(report.unit.amount(of: function.exclusive))
      let all = Double(report.unit.amount(of: function.inclusive))
      return [
        rounded(own / total * 100), rounded(own / 1e6), rounded(all / total * 100),
        rounded(all / 1e6), function.frame.name,
      ]
    }
    page.table(["excl %", "excl ms", "incl %", "incl ms", "function"], numbers: 4, rows)
  }

  private static func rounded(_ value: Double) -> String {
    let tenths = Int(min(1e15, (value * 10).rounded()))
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// The text form of each report for which the trace has events.
  private static func others(
    _ file: TraceFile, _ symbols: SymbolizerOptions, to page: inout HTMLText
  ) throws {
    func add<Pass: ReportPass>(_ title: String, _ pass: Pass) throws {
      guard let report = try made({ try pass.report(from: Replay(file)) }) else { return }
      page.raw("<h2>\(title)</h2><pre>")
      for line in try text(report).split(separator: "\n", omittingEmptySubsequences: false) {
        page.text(String(line), limit: 2000)
        page.raw("\n")
      }
      page.raw("</pre>\n")
    }
    let all = ReportSelection()
    try add("Garbage collections", GCPass(all, symbols: symbols, listLimit: nil, withThreads: true))
    try add("Exceptions", ExceptionPass(all, symbols: symbols, listLimit: nil))
    try add("Allocations", AllocationPass(all, symbols: symbols, listLimit: nil))
    try add("Compilations", JITPass(all, listLimit: nil))
    try add("Requests", RequestPass(all, listLimit: nil))
    try add("Threads", ThreadsPass(all, symbols: symbols, listLimit: nil))
    try add("Locks", ContentionPass(all, symbols: symbols, listLimit: nil))
    try add("System", SystemPass(all, every_ns: nil, listLimit: nil))
    try add("Trace", InfoPass())
  }

  /// The report, or nil if the trace has nothing for it.
  private static func made<Output>(_ make: () throws -> Output) throws -> Output? {
    do { return try make() } catch is NothingToReport { return nil } catch is StackReportError {
      return nil
    }
  }

  private static let head = """
    <!doctype html><html lang="en"><head><meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src 'unsafe-inline'">
    <meta name="color-scheme" content="light dark">
    <style>
    :root { color-scheme: light dark; font: 13px/1.45 system-ui, sans-serif;
      background: light-dark(#fff, #18191d); color: light-dark(#1c2027, #e4e6eb);
      --line: light-dark(#e2e5eb, #30333b); }
    body { max-width: 1320px; margin: 0 auto; padding: 10px 24px 40px; }
    h1 { font-size: 20px; } h2 { font-size: 15px; margin: 26px 0 8px; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th { text-align: left; font-size: 11.5px; opacity: .7; }
    th, td { padding: 2px 12px 2px 0; border-bottom: 1px solid var(--line); vertical-align: top;
      overflow-wrap: anywhere; unicode-bidi: isolate; }
    .n { text-align: right; white-space: nowrap; }
    pre { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px;
      font: 12px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
    figure { margin: 0; } svg { width: 100%; height: auto; }
    svg text { font-size: 11px; fill: currentColor; }
    .flame text { fill: #20232a; pointer-events: none; }
    .s { list-style: none; padding: 0; } .s li { padding: 2px 0; }
    .s b { display: inline-block; min-width: 100px; }
    .r { opacity: .65; } .d { fill: #8b95a7; } .c { fill: #4c78e0; } .x { fill: #e8590c; }
    .g { fill: #d6336c; }
    .k { fill: #9cc4f2; } .j { fill: #a9d99b; } .u0 { fill: #f6c28b; } .u1 { fill: #f3b37a; }
    .u2 { fill: #f8cfa0; } .u3 { fill: #efa46b; }
    g:hover rect { fill: #c9a6ff; } footer { margin-top: 30px; opacity: .6; font-size: 11px; }
    </style>
    """
}
