import ArgumentParser
import Glibc
import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// `tracectl dump`: prints a trace's events in time order, one per line.
struct Dump: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Print a trace's events, one a line, in time order.",
    discussion: """
      Times are seconds since the trace began, or wall-clock times with -utc. -from and -to take
      12.5, 500ms, 2m … or a date and time such as 2026-11-28T19:21:51.5Z (by default UTC).
      Names may be lists and contain '*'; case is ignored: -event 'GC*,MethodLoad'.
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Print only events of these providers.", valueName: "name"))
  var provider: [String] = []

  @Option(help: ArgumentHelp("Print only these events: GCStart, Runtime/GC*.", valueName: "name"))
  var event: [String] = []

  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp("Print only events of these processes.", valueName: "pid"))
  var pid: [IDList] = []

  @Option(help: ArgumentHelp("Print only events of these threads.", valueName: "tid"))
  var tid: [IDList] = []

  @Option(help: ArgumentHelp("Print only events at or after this time.", valueName: "time"))
  var from: TimePoint?

  @Option(help: ArgumentHelp("Print only events at or before this time.", valueName: "time"))
  var to: TimePoint?

  @Option(help: ArgumentHelp("Stop after this number of events.", valueName: "count"))
  var limit: UInt64?

  @Flag(help: "Show wall-clock times (UTC) in text; JSON and CSV always have them.")
  var utc = false

  @Flag(help: "Do not print stacks.")
  var noStacks = false

  @Flag(help: "Show source lines in stacks.")
  var lines = false

  @Flag(help: "Show calls that the compiler inlined as separate frames.")
  var inlines = false

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  @Flag(help: "Follow a file that is being written, until it is finished.")
  var follow = false

  @Option(
    help: ArgumentHelp(
      "With -follow: how long an event waits for the names of its frames. Later names follow as"
        + " separate records.", valueName: "time"))
  var hold: TimeSpan?

  func validate() throws {
    _ = try output.renderer(of: EventStream.self)
    try TimeRange.check(from: from, to: to)
    if utc, try output.renderer(of: EventStream.self).format.name != "text" {
      throw Failure(
        .usage, "-utc applies to text only; JSON and CSV have the wall-clock time in unix_ns",
        next: "omit -utc")
    }
    if follow, path == StandardInput.optionValue {
      throw Failure(
        .usage, "-follow waits for what is written to a file", next: "give the file's name")
    }
    if hold != nil, !follow {
      throw Failure(.usage, "-hold requires -follow", next: "add -follow, or omit -hold")
    }
    if hold != nil, noStacks {
      throw Failure(
        .usage, "-hold waits for names in stacks", next: "omit -no-stacks, or omit -hold")
    }
    if noStacks, symbols.isGiven {
      throw Failure(
        .usage, "-symbol-path and -debuginfod are for stacks", next: "omit -no-stacks")
    }
    if follow, symbols.debuginfod {
      throw Failure(
        .usage, "-debuginfod would hold up the events that come",
        next: "omit -follow, and dump the trace when it is finished")
    }
    guard lines || inlines else { return }
    if noStacks {
      throw Failure(
        .usage, "-lines and -inlines need stacks", next: "omit -no-stacks")
    }
    if follow {
      throw Failure(
        .usage, "-lines and -inlines need the whole trace",
        next: "omit -follow, and dump the trace when it is finished")
    }
  }

  func run() throws {
    let file = try OpenTrace.open(path)
    let names = EventPatterns(providers: provider, events: event)
    if !follow {
      let known = file.eventTypes.map(\.schema) + file.providers.flatMap(\.events)
      if let unknown = names.unknown(among: known) { throw Failure(unknown, path: file.path) }
    }
    let stream =
      follow
      ? EventStream(following: LiveTrace(following: file), hold_ns: hold?.nanoseconds ?? 0)
      : EventStream(Replay(file))
    let replay = stream.replay
    replay.filter.time = try TimeRange.closed(from: from, to: to, in: file)
    replay.filter.admits = names.admits
    replay.filter.pids = pid.isEmpty ? nil : Set(pid.flatMap(\.ids))
    replay.filter.tids = tid.isEmpty ? nil : Set(tid.flatMap(\.ids))
    stream.showsUTC = utc
    if let limit { stream.limit = limit }
    var symbolizing = SymbolizerOptions()
    if !noStacks {
      try symbols.apply(to: &symbolizing)
      stream.stacks = .named(symbolizing, SourceDetail(lines: lines, inlined: inlines))
    }
    do {
      guard try output.write(stream, input: path, isWide: true) else { return }
    } catch let error as FormatError {
      throw OpenTrace.failure(error, path: file.path)
    } catch let error as LiveTraceError {
      throw Failure(
        .dataError, "\(error)", next: "see what it holds with 'tracectl dump \(file.path)'")
    }
    SymbolOptions.noteProblems(of: symbolizing)
    if !replay.isOrdered {
      complain(
        "tracectl: the blocks of \(escapedForTerminal(file.path)) overlap more than memory allows; "
          + "some events were printed late")
    }
    try OpenTrace.noteState(of: file, isRead: !stream.hasReachedLimit)
  }
}
