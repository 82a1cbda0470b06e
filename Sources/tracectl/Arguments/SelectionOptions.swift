import ArgumentParser
import TraceAnalysis
import TraceFormat

/// Selects the processes and times of a report, and whether it follows a growing file.
struct SelectionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Use only these processes, by id or name.", valueName: "name"))
  var process: [String] = []

  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp("Use only these processes.", valueName: "pid"))
  var pid: [IDList] = []

  @Option(help: ArgumentHelp("Use only what begins at or after this time.", valueName: "time"))
  var from: TimePoint?

  @Option(help: ArgumentHelp("Use only what begins at or before this time.", valueName: "time"))
  var to: TimePoint?

  @Flag(
    help: """
      Follow a file that is being written, until it is finished: a terminal shows the report \
      anew each second, and JSON is one document each time.
      """)
  var follow = false

  /// Checks the options before the trace is read.
  func check() throws(Failure) { try TimeRange.check(from: from, to: to) }

  /// The selected part of a trace.
  func selection(in file: TraceFile) throws(Failure) -> ReportSelection {
    var selection = ReportSelection()
    selection.time = try TimeRange.closed(from: from, to: to, in: file)
    selection.pids = pid.isEmpty ? nil : Set(pid.flatMap(\.ids))
    selection.processes = ProcessPatterns(process)
    return selection
  }
}
