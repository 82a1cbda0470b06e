internal import TraceAnalysis
internal import TraceEvents
internal import TraceExport
internal import TraceFormat

/// A report that the page shows: its name, which is that of the command, and how it is made.
///
/// A new report joins with a line in ``all``; the page shows it as tables of its JSON.
struct ReportRoute: Sendable {
  let name: String
  let make: @Sendable (TraceFile, Query, Workplace) throws -> Answer

  static let all: [ReportRoute] = [
    ReportRoute("summary") { selection, symbols, _ in SummaryPass(selection, symbols: symbols) },
    ReportRoute("gc") { GCPass($0, symbols: $1, listLimit: $2, withThreads: true) },
    ReportRoute("jit") { JITPass($0, listLimit: $2) },
    ReportRoute("exceptions") { ExceptionPass($0, symbols: $1, listLimit: $2) },
    ReportRoute("allocations") { AllocationPass($0, symbols: $1, listLimit: $2) },
    ReportRoute("threads") { ThreadsPass($0, symbols: $1, listLimit: $2) },
    ReportRoute("contention") { ContentionPass($0, symbols: $1, listLimit: $2) },
    ReportRoute("requests") { RequestPass($0, listLimit: $2) },
    ReportRoute("system") { SystemPass($0, every_ns: nil, listLimit: $2) },
    ReportRoute(name: "info") { file, query, _ in
      try answer(InfoPass().report(from: Replay(file)), query)
    },
    ReportRoute(name: "stacks") { file, query, place in
      try answer(StackRoute.report(file, query, place), query)
    },
  ]

  static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  private init(
    name: String, make: @escaping @Sendable (TraceFile, Query, Workplace) throws -> Answer
  ) {
    (self.name, self.make) = (name, make)
  }

  private init<Pass: ReportPass & SendableMetatype>(
    _ name: String,
    _ pass: @escaping @Sendable (ReportSelection, SymbolizerOptions, Int?) -> Pass
  ) {
    self.init(name: name) { file, query, place in
      let top = try query.number("top", as: UInt32.self).map(Int.init)
      let pass = pass(try query.selection(), place.symbols, top)
      return try Self.answer(pass.report(from: Replay(file)), query)
    }
  }

  /// Renders a report in the format that the request asks for; JSON by default.
  static func answer<Output>(_ report: Output, _ query: Query) throws -> Answer {
    let name = query.text("format") ?? "json"
    guard let renderer = RendererRegistry.standard.renderer(of: Output.self, format: name) else {
      throw Refusal(400, "This report has no format '\(name)'.")
    }
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    try renderer.render(report, RenderOptions(), to: &output)
    output.flush()
    let ending = renderer.format.fileExtensions.first ?? "txt"
    return Answer(
      mediaType: name == "json" ? "application/json" : "text/plain; charset=utf-8",
      bytes: sink.bytes, fileName: query.flag("download") ? "report.\(ending)" : nil)
  }
}

extension Query {
  /// The processes and times that a report covers.
  func selection() throws(Refusal) -> ReportSelection {
    var selection = ReportSelection()
    selection.time = try time()
    selection.pids = try ids("pid")
    selection.processes = ProcessPatterns(texts("process"))
    return selection
  }
}
