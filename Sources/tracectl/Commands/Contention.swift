import ArgumentParser
import TraceAnalysis
import TraceExport

/// `tracectl contention`: shows which locks a trace's threads waited for.
struct Contention: ReportCommand {
  static let configuration = CommandConfiguration(
    commandName: "contention",
    abstract: "Show locks by the time that threads waited for them, and who held them.",
    discussion: """
      A runtime reports its locks with the keyword Contention; for native code, context switches \
      and their stacks show where threads wait, and who ended the wait.

      tracectl collect -providers Contention -stacks Contention -- java -agentpath:… Server
      tracectl collect -providers ContextSwitch -stacks ContextSwitch -- ./server
      tracectl contention trace.etl -process server -top 10
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Number of locks listed for each process (default: 20 in text, else all).",
      valueName: "count"))
  var top: Int?

  @OptionGroup(title: "Which waits") var selection: SelectionOptions

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  var names: SymbolOptions? { symbols }

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> ContentionPass {
    ContentionPass(selection, symbols: names, listLimit: top)
  }
}
