import ArgumentParser
import TraceAnalysis
import TraceExport

/// `tracectl gc`: shows the garbage collections of a trace.
struct GC: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Show garbage collections: how long they paused the programs, and why.",
    discussion: """
      Shows each process's pauses with percentiles, its rate of allocation and its heap; then \
      tables by generation and cause, a histogram, the longest pauses, and the collections.

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

  func validate() throws {
    _ = try output.renderer(of: GCReport.self)
    try selection.check()
    guard top ?? 0 >= 0 else { throw Failure(.usage, "-top must not be negative") }
  }

  func run() throws {
    let file = try OpenTrace.open(path)
    let pass = GCPass(try selection.selection(in: file), listLimit: top)
    guard try output.write(try OpenTrace.report(pass, of: file), input: path) else { return }
    try OpenTrace.noteState(of: file)
  }
}
