import ArgumentParser
import TraceAnalysis

/// `tracectl jit`: shows what the runtimes of a trace compiled.
struct JIT: ReportCommand {
  static let configuration = CommandConfiguration(
    commandName: "jit",
    abstract: "Show compilations at run time: how many, how long, and how much code.",
    discussion: """
      Shows each process's compilations by tier, what was compiled again or unloaded, the \
      amount of code over time, and the most expensive compilations.

      tracectl jit trace.etl -process java -top 50
      tracectl jit trace.etl -o compilations.csv
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "Number of compilations listed for each process (default: 20 in text, else all).",
      valueName: "count"))
  var top: Int?

  @OptionGroup(title: "Which compilations") var selection: SelectionOptions

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> JITPass {
    JITPass(selection, listLimit: top)
  }
}
