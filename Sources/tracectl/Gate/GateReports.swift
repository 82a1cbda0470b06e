import TraceAnalysis
import TraceExport
import TraceFormat

/// The reports of a trace as JSON values, all made in one run over it.
struct GateReports {
  /// Reports that rules may name.
  static let names = [
    "info", "summary", "stacks", "gc", "allocations", "exceptions", "jit", "threads", "requests",
    "system",
  ]

  private var pending: [String: () throws -> JSONValue?] = [:]
  private let replay: Replay
  private let selection: ReportSelection

  init(_ file: TraceFile, _ selection: ReportSelection) {
    (replay, self.selection) = (Replay(file), selection)
  }

  /// Adds a report. Unknown names are left out.
  mutating func add(_ name: String, _ symbols: SymbolizerOptions) throws {
    switch name {
    case "info": try add(name, InfoPass())
    case "summary": try add(name, SummaryPass(selection, symbols: symbols))
    case "stacks": try add(name, StackPass(stackOptions(symbols)))
    case "gc": try add(name, GCPass(selection))
    case "allocations": try add(name, AllocationPass(selection, symbols: symbols))
    case "exceptions": try add(name, ExceptionPass(selection, symbols: symbols))
    case "jit": try add(name, JITPass(selection))
    case "threads": try add(name, ThreadsPass(selection, symbols: symbols))
    case "requests": try add(name, RequestPass(selection))
    case "system": try add(name, SystemPass(selection))
    default: break
    }
  }

  private func stackOptions(_ symbols: SymbolizerOptions) -> StackOptions {
    var options = StackOptions()
    options.symbols = symbols
    options.selection.filter.time = selection.time
    options.selection.filter.pids = selection.pids
    let processes = selection.processes
    if !processes.isEmpty { options.selection.admits = processes.admits }
    options.parts.functionLimit = .max
    options.parts.showsTree = false
    return options
  }

  private mutating func add<Maker: ReportPass>(_ name: String, _ pass: Maker) throws {
    try pass.subscribe(to: replay)
    pending[name] = { try Self.json(pass) }
  }

  /// Nil if the trace has nothing to report.
  private static func json<Maker: ReportPass>(_ pass: Maker) throws -> JSONValue? {
    let report: Maker.Output
    do {
      report = try pass.finish()
    } catch let error where error is NothingToReport || error is StackReportError {
      return nil
    }
    guard
      let renderer = RendererRegistry.standard.renderer(of: Maker.Output.self, format: "json")
    else { return nil }
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    try renderer.render(report, RenderOptions(), to: &output)
    output.flush()
    return try JSONValue(json: sink.bytes)
  }

  /// Runs over the trace; returns the reports by name, and the circumstances of the trace.
  func run() throws -> (reports: [String: JSONValue], GateRun.Circumstances) {
    let circumstances = CircumstancesPass(selection)
    circumstances.subscribe(to: replay)
    try replay.run()
    return (try pending.compactMapValues { try $0() }, circumstances.finish())
  }
}
