import ArgumentParser
import TraceAnalysis

/// `tracectl allocations`: shows which types a trace's programs allocated, and where.
struct Allocations: ReportCommand {
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

  var names: SymbolOptions? { symbols }

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> AllocationPass {
    AllocationPass(selection, symbols: names, listLimit: top)
  }
}
