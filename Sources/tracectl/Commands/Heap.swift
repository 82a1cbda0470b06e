import ArgumentParser
import TraceAnalysis

/// `tracectl heap`: shows what of a trace's programs was in use and allocated, and what grew.
struct Heap: ReportCommand {
  static let configuration = CommandConfiguration(
    commandName: "heap",
    abstract: "Show the heap by type and by stack: in use, allocated, and growing.",
    discussion: """
      Uses the samples of the provider Heap. Times are since the trace's start.

      tracectl collect -providers Heap -o t.etl -- ./server
      tracectl heap t.etl
      tracectl heap t.etl -at 10s
      tracectl heap t.etl -between 10s,60s
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Show what was in use at this time.", valueName: "time"))
  var at: TimePoint?

  @Option(
    help: ArgumentHelp(
      "Show what grew between two times, the most likely leak first.", valueName: "time,time"))
  var between: TimePair?

  @Option(
    help: ArgumentHelp(
      "Number of types and places listed for each process (default: 10 types and 5 places in "
        + "text; else all types and 100 places).",
      valueName: "count"))
  var top: Int?

  @OptionGroup(title: "Which allocations") var chosen: SelectionOptions

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  var names: SymbolOptions? { symbols }

  var selection: SelectionOptions {
    var selection = chosen
    if let at { selection.to = at }
    if let between { (selection.from, selection.to) = (between.first, between.second) }
    return selection
  }

  func check() throws {
    let given = [at != nil, between != nil, chosen.from != nil || chosen.to != nil]
    if given.filter(\.self).count > 1 {
      throw Failure(
        .usage, "-at, -between, and -from with -to choose the time", next: "give one of them")
    }
  }

  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> HeapPass {
    HeapPass(selection, symbols: names, listLimit: top, ranksGrowth: between != nil)
  }
}

/// Two times: `10s,60s`.
struct TimePair: Hashable, ExpressibleByArgument {
  var first, second: TimePoint

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 2, let first = TimePoint(String(parts[0])),
      let second = TimePoint(String(parts[1]))
    else { return nil }
    (self.first, self.second) = (first, second)
  }
}
