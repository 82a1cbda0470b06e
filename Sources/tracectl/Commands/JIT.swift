import ArgumentParser
import TraceAnalysis
import TraceExport

/// `tracectl jit`: shows what the runtimes of a trace compiled.
struct JIT: ParsableCommand {
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

  func validate() throws {
    _ = try output.renderer(of: JITReport.self)
    try selection.check()
    guard top ?? 0 >= 0 else { throw Failure(.usage, "-top must not be negative") }
  }

  func run() throws {
    let file = try OpenTrace.open(path)
    let pass = JITPass(try selection.selection(in: file), listLimit: top)
    guard try output.write(try OpenTrace.report(pass, of: file), input: path) else { return }
    try OpenTrace.noteState(of: file)
  }
}
