import ArgumentParser
import TraceAnalysis

/// `tracectl requests`: shows how long requests took, and what the slowest did.
struct Requests: ReportCommand {
  static let configuration = CommandConfiguration(
    commandName: "requests",
    abstract: "Show requests: how many, how long they took, and what the slowest did.",
    discussion: """
      A request is what happens between two events of a provider with the opcodes 'start' and \
      'stop' and the same activity id.

      tracectl requests trace.etl -process shop
      tracectl requests trace.etl -o requests.csv
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      """
      Number of names and slowest requests listed for each process, at most \
      \(RequestPass.slowestMax) requests (default: 20 names in text, else all; \
      \(RequestPass.slowestDefault) requests).
      """, valueName: "count"))
  var top: Int?

  @OptionGroup(title: "Which requests") var selection: SelectionOptions

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> RequestPass {
    RequestPass(selection, listLimit: top)
  }
}
