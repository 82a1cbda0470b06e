import ArgumentParser
import TraceAnalysis
import TraceExport

/// `tracectl summary`: shows the most important numbers of all reports on one page.
struct Summary: ParsableCommand {
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

  func validate() throws {
    _ = try output.renderer(of: SummaryReport.self)
    try selection.check()
  }

  func run() throws {
    let file = try OpenTrace.open(path)
    var options = SymbolizerOptions()
    try symbols.apply(to: &options)
    let pass = SummaryPass(try selection.selection(in: file), symbols: options)
    let report = try OpenTrace.report(pass, of: file)
    SymbolOptions.noteProblems(of: options)
    guard try output.write(report, input: path) else { return }
    try OpenTrace.noteState(of: file)
  }
}
