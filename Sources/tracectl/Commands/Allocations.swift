import ArgumentParser
import TraceAnalysis
import TraceExport

/// `tracectl allocations`: shows which types a trace's programs allocated, and where.
struct Allocations: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allocations",
    abstract: "Show allocated memory by type and by stack: bytes, objects, and the rate.",
    discussion: """
      Uses GCAllocationTick, which runtimes emit at level Verbose. Stacks are shown if they were \
      collected (-stacks Runtime:GCAllocationTick).

      tracectl collect -providers GC::Verbose -stacks Runtime:GCAllocationTick -o t.etl -- …
      tracectl allocations t.etl -process java -top 5
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Number of types and stacks listed for each process (default: 20 types and 5 stacks in "
        + "text; else all types and 100 stacks).",
      valueName: "count"))
  var top: Int?

  @OptionGroup(title: "Which allocations") var selection: SelectionOptions

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  func validate() throws {
    _ = try output.renderer(of: AllocationReport.self)
    try selection.check()
    guard top ?? 0 >= 0 else { throw Failure(.usage, "-top must not be negative") }
  }

  func run() throws {
    let file = try OpenTrace.open(path)
    var options = SymbolizerOptions()
    try symbols.apply(to: &options)
    let pass = AllocationPass(
      try selection.selection(in: file), symbols: options, listLimit: top)
    let report = try OpenTrace.report(pass, of: file)
    SymbolOptions.noteProblems(of: options)
    guard try output.write(report, input: path) else { return }
    try OpenTrace.noteState(of: file)
  }
}
