import ArgumentParser
import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// `tracectl stacks`: shows the functions and call tree of a trace's CPU samples or other events.
struct Stacks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stacks",
    abstract: "Show where CPU time went: functions by cost, and the call tree.",
    discussion: """
      Frames are named module!function. A pattern matches any part of a name and ignores case: '*' \
      matches any characters, '%' letters and digits, '^' the beginning, and '|' means or. Several \
      patterns are separated by ';'. Groups are formed before the other patterns are applied.

      tracectl stacks trace.etl -include 'Process node*' -fold '[k]!'
      tracectl stacks trace.etl -group '{%}!->module $1' -exclude idle
      tracectl stacks trace.etl -format folded | flamegraph.pl > flame.svg
      tracectl stacks trace.etl -wall -threads
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Flag(name: .customLong("by-name"), help: "Show only the table of functions.")
  var byName = false

  @Flag(help: "Show only the call tree.")
  var tree = false

  @Option(help: ArgumentHelp("Number of functions in the table (default: 20).", valueName: "count"))
  var top: Int?

  @Flag(help: "Sort functions by inclusive cost.")
  var inclusive = false

  @Option(
    help: ArgumentHelp(
      "Omit tree nodes with less than this percentage (default: 1).", valueName: "%"))
  var threshold: Double?

  @Option(help: ArgumentHelp("Show the callers of these functions.", valueName: "pattern"))
  var callers: String?

  @Option(help: ArgumentHelp("Show the callees of these functions.", valueName: "pattern"))
  var callees: String?

  @Flag(help: "Show each source line of a function separately.")
  var lines = false

  @Flag(help: "Show calls that the compiler inlined as separate frames.")
  var inlines = false

  @OptionGroup(title: "Which events") var events: StackEventOptions

  @OptionGroup(title: "Which stacks") var patterns: StackPatternOptions

  @Flag(help: "Do not shorten names to the terminal's width.")
  var wide = false

  func validate() throws {
    _ = try output.renderer(of: StackReport.self)
    try TimeRange.check(from: events.from, to: events.to)
    try events.checkWall()
    _ = try patterns.shaping(foldsRecursion: true)
    guard top ?? 0 >= 0, (0...100).contains(threshold ?? 0) else {
      throw Failure(.usage, "-top must not be negative, and -threshold must be from 0 to 100")
    }
    try checkParts()
  }

  /// Rejects options that affect parts which the report does not show.
  private func checkParts() throws {
    let format = try output.renderer(of: StackReport.self).format.name
    let table = [("-top", top != nil), ("-inclusive", inclusive)].filter(\.1).map(\.0)
    let tree = threshold == nil ? [] : ["-threshold"]
    let width = wide ? ["-wide"] : []
    if format == "folded" {
      let parts = [
        ("-by-name", byName), ("-tree", self.tree), ("-callers", callers != nil),
        ("-callees", callees != nil),
      ].filter(\.1).map(\.0)
      try refuse(parts + table + tree + width, "the folded format is all stacks, one a line")
    }
    if format == "json" { try refuse(width, "JSON has names as they are") }
    if !showsTable { try refuse(table, "there is no table of functions", "add -by-name") }
    if !showsTree, callers == nil, callees == nil {
      try refuse(tree, "there is no tree", "add -tree")
    }
  }

  private func refuse(
    _ options: [String], _ reason: String, _ next: String? = nil
  ) throws(Failure) {
    guard let option = options.first else { return }
    let omit = "omit \(option)"
    throw Failure(
      .usage, "\(option) changes nothing: \(reason)",
      next: next.map { "\($0), or \(omit)" } ?? omit)
  }

  private var showsTree: Bool { tree || (!byName && callers == nil && callees == nil) }
  private var showsTable: Bool { byName || (!tree && callers == nil && callees == nil) }

  func run() throws {
    let file = try OpenTrace.open(path)
    var options = try events.options(of: file)
    options.shaping = try patterns.shaping(
      foldsRecursion: output.renderer(of: StackReport.self).format.name != "folded")
    options.selection.separatesThreads = patterns.threads
    options.detail = SourceDetail(lines: lines, inlined: inlines)
    options.symbols.keepsLines = lines
    options.parts = try parts()
    let report =
      try events.wall
      ? OpenTrace.report(WallPass(options), of: file)
      : OpenTrace.report(StackPass(options), of: file)
    SymbolOptions.noteProblems(of: options.symbols)
    guard try output.write(report, input: path, isWide: wide) else { return }
    for case .limited(let what) in report.partial {
      complain(
        "tracectl: \(escapedForTerminal(file.path)) has more \(what) than memory allows; "
          + "the innermost frames of some are left out")
    }
    try OpenTrace.noteState(of: file)
  }

  private func parts() throws -> StackParts {
    var parts = StackParts()
    parts.callers = try callers.flatMap { try PatternOptions.parse([$0], FramePattern.init).first }
    parts.callees = try callees.flatMap { try PatternOptions.parse([$0], FramePattern.init).first }
    parts.showsTree = showsTree
    parts.functionLimit = showsTable ? top ?? 20 : nil
    parts.sortsByInclusive = inclusive
    parts.threshold = (threshold ?? 1) / 100
    return parts
  }
}

/// Selects the events whose stacks are shown.
struct StackEventOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use these events instead of CPU samples: Runtime/GCAllocationTick.", valueName: "name"))
  var event: [String] = []

  @Flag(
    help: """
      Show the threads' wall-clock time instead: running, [runnable] and [blocked: reason]. \
      Collect with -providers CPU,ContextSwitch -stacks ContextSwitch.
      """)
  var wall = false

  @Option(
    help: ArgumentHelp(
      "Add up this field instead of counting events, or this type of a profile's samples.",
      valueName: "field"))
  var weight: String?

  @Option(help: ArgumentHelp("Use only these processes, by id or name.", valueName: "name"))
  var process: [String] = []

  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp("Use only these processes.", valueName: "pid"))
  var pid: [IDList] = []

  @Option(help: ArgumentHelp("Use only these threads.", valueName: "tid"))
  var tid: [IDList] = []

  @Option(help: ArgumentHelp("Use only events at or after this time.", valueName: "time"))
  var from: TimePoint?

  @Option(help: ArgumentHelp("Use only events at or before this time.", valueName: "time"))
  var to: TimePoint?

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  /// Rejects options that choose events if the stacks are those of wall-clock time.
  func checkWall() throws(Failure) {
    guard wall, !event.isEmpty || weight != nil else { return }
    let option = event.isEmpty ? "-weight" : "-event"
    throw Failure(
      .usage, "\(option) changes nothing: -wall shows the time of threads", next: "omit either")
  }

  /// The selected options.
  func options(of file: TraceFile) throws -> StackOptions {
    var options = StackOptions()
    try options.choose(event, weight: weight, in: file)
    options.selection.filter.time = try TimeRange.closed(from: from, to: to, in: file)
    options.selection.filter.pids = pid.isEmpty ? nil : Set(pid.flatMap(\.ids))
    options.selection.filter.tids = tid.isEmpty ? nil : Set(tid.flatMap(\.ids))
    let processes = ProcessPatterns(process)
    if !processes.isEmpty { options.selection.admits = processes.admits }
    try symbols.apply(to: &options.symbols)
    return options
  }
}

/// Selects and shapes the shown stacks.
struct StackPatternOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Keep only stacks with a matching frame.", valueName: "pattern"))
  var include: [String] = []

  @Option(help: ArgumentHelp("Drop stacks with a matching frame.", valueName: "pattern"))
  var exclude: [String] = []

  @Option(
    help: ArgumentHelp(
      "Remove matching frames, and add their cost to their callers.", valueName: "pattern"))
  var fold: [String] = []

  @Option(
    help: ArgumentHelp(
      "Combine matching frames under one name; with => keep their entry points.",
      valueName: "pattern->name"))
  var group: [String] = []

  @Flag(help: "Show threads separately.")
  var threads = false

  func shaping(foldsRecursion: Bool) throws(Failure) -> StackShaping {
    var shaping = StackShaping()
    shaping.groups = try PatternOptions.parse(group, FrameGroup.init)
    shaping.fold = try PatternOptions.parse(fold, FramePattern.init)
    shaping.include = try PatternOptions.parse(include, FramePattern.init)
    shaping.exclude = try PatternOptions.parse(exclude, FramePattern.init)
    shaping.foldsRecursion = foldsRecursion
    guard shaping.include.count <= StackShaping.includePatternsMax else {
      throw Failure(
        .usage, "there are more than \(StackShaping.includePatternsMax) -include patterns",
        next: "combine some with '|'")
    }
    return shaping
  }
}

/// The patterns of a command line.
enum PatternOptions {
  /// Parses lists separated by `;`, given once or several times.
  static func parse<Pattern>(
    _ texts: [String], _ make: (String) throws(FramePatternError) -> Pattern
  ) throws(Failure) -> [Pattern] {
    var patterns: [Pattern] = []
    for text in texts.flatMap({ $0.split(separator: ";") }) {
      let trimmed = text.drop { $0 == " " }
      do {
        patterns.append(try make(String(trimmed)))
      } catch {
        throw Failure(
          .usage, error.description, next: "see 'tracectl stacks -help' for patterns")
      }
    }
    return patterns
  }
}
