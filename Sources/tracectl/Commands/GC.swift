import ArgumentParser
import TraceAnalysis

/// `tracectl gc`: shows the garbage collections of a trace.
struct GC: ReportCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Show garbage collections: how long they paused the programs, and why.",
    discussion: """
      Shows each process's pauses with percentiles, its rate of allocation and its heap; then \
      tables by generation and cause, a histogram, the longest pauses with what threads did just \
      before them, and the collections.

      tracectl gc trace.etl -process java -from 10 -to 20
      tracectl gc trace.etl -o collections.csv
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Number of collections listed for each process (default: 20 in text, else all).",
      valueName: "count"))
  var top: Int?

  @OptionGroup(title: "Which collections") var selection: SelectionOptions

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  var names: SymbolOptions? { symbols }

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> GCPass {
    GCPass(selection, symbols: names, listLimit: top, withThreads: true)
  }
}
