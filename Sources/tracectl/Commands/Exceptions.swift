import ArgumentParser
import TraceAnalysis

/// `tracectl exceptions`: shows which exceptions a trace's programs threw, and where.
struct Exceptions: ReportCommand {
  static let configuration = CommandConfiguration(
    commandName: "exceptions",
    abstract: "Show exceptions by type and message: how many, how often, and where.",
    discussion: """
      Messages that differ only in numbers and quoted texts count as one. Stacks are shown if they \
      were collected (-stacks Runtime:ExceptionThrown).

      tracectl exceptions trace.etl -process java -top 5
      tracectl exceptions trace.etl -o exceptions.csv
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Number of types and messages listed for each process (default: 20 in text, else all).",
      valueName: "count"))
  var top: Int?

  @OptionGroup(title: "Which exceptions") var selection: SelectionOptions

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  var names: SymbolOptions? { symbols }

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> ExceptionPass {
    ExceptionPass(selection, symbols: names, listLimit: top)
  }
}
