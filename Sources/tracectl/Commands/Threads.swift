import ArgumentParser
import TraceAnalysis

/// `tracectl threads`: shows what the threads of a trace did with their time.
struct Threads: ReportCommand {
  static let configuration = CommandConfiguration(
    commandName: "threads",
    abstract: "Show what threads did with their time: ran, waited for a CPU, or were blocked.",
    discussion: """
      Shows for each process and thread how long it ran, was runnable, and was blocked, and by \
      what; then where threads waited longest and what woke them, if stacks were collected.

      tracectl collect -providers ContextSwitch -stacks ContextSwitch -- ./server
      tracectl threads trace.etl -process server -top 10
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Number of threads and of places listed for each process (default: 20 threads and 5 places "
        + "in text, else all).", valueName: "count"))
  var top: Int?

  @OptionGroup(title: "Which threads") var selection: SelectionOptions

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  var names: SymbolOptions? { symbols }

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> ThreadsPass {
    ThreadsPass(selection, symbols: names, listLimit: top)
  }
}
