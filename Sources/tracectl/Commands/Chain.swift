import ArgumentParser
import TraceAnalysis
import TraceExport

/// `tracectl chain`: shows what a thread waited for, through the threads that woke it.
struct Chain: ReportCommand {
  static let configuration = CommandConfiguration(
    commandName: "chain",
    abstract: "Show what a thread waited for, through the threads that woke it.",
    discussion: """
      Follows each wait of the thread to the thread that ended it, and what that one had waited \
      for meanwhile, back to a thread that ran, an interrupt, or the beginning of the wait.

      tracectl collect -providers ContextSwitch -stacks ContextSwitch -- ./server
      tracectl chain trace.etl -tid 1234 -from 2s -to 3s
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("The thread; 'tracectl threads' lists them.", valueName: "tid"))
  var tid: UInt32

  @Option(
    help: ArgumentHelp(
      "Number of causes and of steps listed (default: 20 in text, else all).", valueName: "count"))
  var top: Int?

  @OptionGroup(title: "Which time, and which process's thread") var selection: SelectionOptions

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  var names: SymbolOptions? { symbols }

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> ChainPass {
    ChainPass(thread: tid, selection, symbols: names, listLimit: top)
  }
}
