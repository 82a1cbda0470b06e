import ArgumentParser
import TraceAnalysis

/// `tracectl summary`: shows the most important numbers of all reports on one page.
struct Summary: ReportCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Show the most important numbers of all reports, what is unusual first.",
    discussion: """
      The first command to try after collect. Each line begins with the command that shows more.

      tracectl summary trace.etl
      tracectl summary trace.etl -process java -from 10 -to 20
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @OptionGroup(title: "Which processes and times") var selection: SelectionOptions

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  var names: SymbolOptions? { symbols }

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> SummaryPass {
    SummaryPass(selection, symbols: names)
  }
}
