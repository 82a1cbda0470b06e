import ArgumentParser
import TraceAnalysis
import TraceExport

/// `tracectl info`: summarizes a trace from its index.
struct Describe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Summarize a trace.")

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  func validate() throws { _ = try output.renderer(of: InfoReport.self) }

  func run() throws {
    let file = try OpenTrace.open(path)
    guard try output.write(OpenTrace.report(InfoPass(), of: file), input: path) else { return }
    try OpenTrace.noteState(of: file, isRead: false)
  }
}
