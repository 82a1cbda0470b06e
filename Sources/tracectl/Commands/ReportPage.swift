import ArgumentParser
import TraceExport
import TraceView

/// `tracectl report`: makes one HTML file about a trace.
struct ReportPage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make one HTML file of a trace for tickets and mail.",
    discussion: """
      The file has the summary, charts, a flame graph and all reports. It needs no other file \
      and no script.

      tracectl report trace.etl -o report.html
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Write to this file instead of standard output ('-').", valueName: "file"))
  var output: String?

  @Option(
    name: .customLong("symbol-path"),
    help: ArgumentHelp("Look for images and debug files here, too.", valueName: "directory"))
  var symbolPath: [String] = []

  func run() throws {
    let file = try OpenTrace.open(path)
    let bytes: [UInt8]
    do {
      bytes = try PageReport.html(of: file, symbolPath: symbolPath)
    } catch {
      guard let sentence = OpenTrace.sentence(error, path: path) else { throw error }
      throw Failure(.dataError, sentence)
    }
    guard
      try OutputOptions.write(bytes: bytes, to: output, input: path)
    else { return }
    try OpenTrace.noteState(of: file)
  }
}
