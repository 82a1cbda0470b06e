import ArgumentParser
import Glibc
import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// `tracectl dump`: a trace's events, one a line, in time order.
struct Dump: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a trace's events, one a line, in time order.",
    discussion: """
      Times are seconds since the trace began, or with -utc the wall clock's; -from and -to take
      12.5, 500ms, 2m … or a moment such as 2026-11-28T19:21:51.5Z (UTC without a zone).
      Names may be lists, in any case, and hold '*': -event 'GC*,MethodLoad'.
      """)

  @Argument(help: ArgumentHelp("The trace file.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

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
  var from: TimePoint?

  @Option(help: ArgumentHelp("Only events at or before this time.", valueName: "time"))
  var to: TimePoint?

  @Option(help: ArgumentHelp("Stop after so many events.", valueName: "count"))
  var limit: UInt64?

  @Flag(help: "Text shows the wall clock's time (UTC); JSON and CSV always have it.")
  var utc = false

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
    _ = try output.renderer(of: EventStream.self)
    try TimeRange.check(from: from, to: to)
    if utc, try output.renderer(of: EventStream.self).format.name != "text" {
      throw Failure(
        .usage, "-utc is for text; JSON and CSV have the wall clock's time in unix_ns",
        next: "leave -utc out")
    }
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
    let names = EventPatterns(providers: provider, events: event)
    if !follow {
      let known = file.eventTypes.map(\.schema) + file.providers.flatMap(\.events)
      if let unknown = names.unknown(among: known) { throw Failure(unknown, path: path) }
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
    if !noStacks {
      var symbols = SymbolizerOptions()
      symbols.searchRoots = symbolPath
      stream.stacks = .named(symbols, SourceDetail(lines: lines, inlined: inlines))
    }
    do {
      guard try output.write(stream, input: path, isWide: true) else { return }
    } catch let error as FormatError {
      throw OpenTrace.failure(error, path: path)
    } catch let error as LiveTraceError {
      throw Failure(
        .dataError, "\(error)", next: "see what it holds with 'tracectl dump \(path)'")
    }
    if !replay.isOrdered {
      complain(
        "tracectl: the blocks of \(escapedForTerminal(path)) overlap more than memory allows; "
          + "some events were printed late")
    }
    try OpenTrace.noteState(of: file, isRead: !stream.hasReachedLimit)
  }
}
