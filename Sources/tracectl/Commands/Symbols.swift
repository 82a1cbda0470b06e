import ArgumentParser
import TraceAnalysis
import TraceExport
import TraceFormat

/// `tracectl symbols`: shows which parts of a trace's stacks have names, their source, and why
/// others have none.
struct Symbols: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "symbols",
    abstract: "Show which images and sources of code have names, and why others have none.",
    discussion: """
      Lists the images, the kernel and the sources of code compiled at run time that occur in \
      stacks, most frames first, and where their names come from: the trace itself, files of \
      this machine, or announcements of runtimes.

      tracectl symbols trace.etl -missing -symbol-path /mnt/other-machine
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Flag(help: "Show only entries that have addresses without a name.")
  var missing = false

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  func validate() throws { _ = try output.renderer(of: SymbolReport.self) }

  func run() throws {
    let file = try OpenTrace.open(path)
    var options = SymbolizerOptions()
    try symbols.apply(to: &options)
    var report = try OpenTrace.report(SymbolPass(options: options), of: file)
    guard report.events > 0 || !report.modules.isEmpty else {
      throw Failure(
        .dataError, "\(file.path) has no stacks, and no code was announced in it",
        next: "collect with -providers CPU, or with -stacks")
    }
    report.showsOnlyMissing = missing
    SymbolOptions.noteProblems(of: options)
    guard try output.write(report, input: path) else { return }
    try OpenTrace.noteState(of: file)
  }
}
