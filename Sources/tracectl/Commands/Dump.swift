import ArgumentParser
import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// `tracectl dump`: a trace's events, one a line, in time order.
struct Dump: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a trace's events, one a line, in time order.",
    discussion: """
      Times are seconds since the trace began; -from and -to take 12.5, 500ms, 2m …
      Names may be lists, in any case, and hold '*': -event 'GC*,MethodLoad'.
      """)

  @Argument(help: ArgumentHelp("The trace file.", valueName: "file"))
  var path: String

  @Option(help: "How: text, json (an object a line) or csv.")
  var format: ExportFormat = .text

  @Option(help: ArgumentHelp("Only events of these providers.", valueName: "name"))
  var provider: [String] = []

  @Option(help: ArgumentHelp("Only these events: GCStart, Runtime/GC*.", valueName: "name"))
  var event: [String] = []

  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp("Only events of these processes.", valueName: "pid"))
  var pid: [IDList] = []

  @Option(help: ArgumentHelp("Only events of these threads.", valueName: "tid"))
  var tid: [IDList] = []

  @Option(help: ArgumentHelp("Only events at or after this time.", valueName: "time"))
  var from: TimeSpan?

  @Option(help: ArgumentHelp("Only events at or before this time.", valueName: "time"))
  var to: TimeSpan?

  @Option(help: ArgumentHelp("Stop after so many events.", valueName: "count"))
  var limit: UInt64?

  @Flag(help: "Leave stacks out.")
  var noStacks = false

  @Flag(help: "Source lines with stacks.")
  var lines = false

  @Flag(help: "Calls that the compiler inlined, as frames of their own.")
  var inlines = false

  @Option(
    name: .customLong("symbol-path"),
    help: ArgumentHelp("Look for images and debug files here, too.", valueName: "directory"))
  var symbolPath: [String] = []

  @Flag(help: "Go on with what is written to the file, until it is finished.")
  var follow = false

  @Option(
    help: ArgumentHelp(
      "With -follow: how long an event waits for its names. Names that come later follow as"
        + " records of their own.", valueName: "time"))
  var hold: TimeSpan?

  func validate() throws {
    _ = try TimeRange.closed(from: from, to: to)
    if hold != nil, !follow {
      throw Failure(.usage, "-hold is for events that come", next: "add -follow, or leave it out")
    }
    guard lines || inlines else { return }
    if noStacks {
      throw Failure(
        .usage, "-lines and -inlines show more of stacks", next: "leave -no-stacks out")
    }
    if follow {
      throw Failure(
        .usage, "-lines and -inlines need the whole trace",
        next: "leave -follow out, and dump the trace when it is finished")
    }
  }

  func run() throws {
    let file = try OpenTrace.open(path)
    let names = NamePatterns(providers: provider, events: event)
    if !follow {
      let known = file.eventTypes.map(\.schema) + file.providers.flatMap(\.events)
      try names.check(against: known, in: path)
    }
    var filter = ReplayFilter()
    filter.time = try TimeRange.closed(from: from, to: to)
    filter.admits = names.admits
    filter.pids = pid.isEmpty ? nil : Set(pid.flatMap(\.ids))
    filter.tids = tid.isEmpty ? nil : Set(tid.flatMap(\.ids))
    var dumping = Dumping(file: file, filter: filter, limit: limit, follows: follow)
    dumping.showsStacks = !noStacks
    dumping.symbols.searchRoots = symbolPath
    dumping.detail = SourceDetail(lines: lines, inlined: inlines)
    dumping.hold_ns = hold?.nanoseconds ?? 0
    try dumping.run(as: format)
  }
}

extension ExportFormat: ExpressibleByArgument {}
