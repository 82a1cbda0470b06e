import ArgumentParser
import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// `tracectl stacks`: where a trace's CPU samples, or other events, came from.
struct Stacks: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show where CPU time went: functions by cost, and the call tree.",
    discussion: """
      Frames are named module!function. Patterns fit any part of a name, in any case: '*' stands \
      for any characters, '%' for letters and digits, '^' for the beginning, '|' for or; several \
      are separated by ';'. Groups are drawn together before the other patterns look.

      tracectl stacks trace.etl -include 'Process node*' -fold '[k]!'
      tracectl stacks trace.etl -group '{%}!->module $1' -exclude idle
      tracectl stacks trace.etl -format folded | flamegraph.pl > flame.svg
      """)

  @Argument(help: ArgumentHelp("The trace file.", valueName: "file"))
  var path: String

  @Option(help: "How: text, or folded (a line a stack, for flame graphs).")
  var format: StackLayout.Format = .text

  @Flag(name: .customLong("by-name"), help: "Only the table of functions.")
  var byName = false

  @Flag(help: "Only the call tree.")
  var tree = false

  @Option(help: ArgumentHelp("Functions in the table.", valueName: "count"))
  var top = 20

  @Flag(help: "Sort functions by inclusive cost.")
  var inclusive = false

  @Option(help: ArgumentHelp("Leave less than so many percent out of the tree.", valueName: "%"))
  var threshold = 1.0

  @Option(help: ArgumentHelp("Who calls these functions.", valueName: "pattern"))
  var callers: String?

  @Option(help: ArgumentHelp("What these functions call.", valueName: "pattern"))
  var callees: String?

  @Flag(help: "Source lines: each line of a function apart.")
  var lines = false

  @Flag(help: "Calls that the compiler inlined, as frames of their own.")
  var inlines = false

  @OptionGroup(title: "Which events") var events: StackEventOptions

  @OptionGroup(title: "Which stacks") var patterns: StackPatternOptions

  @Flag(help: "Never shorten names, even where lines are wider than the terminal.")
  var wide = false

  func validate() throws {
    _ = try TimeRange.closed(from: events.from, to: events.to)
    _ = try patterns.shaping(foldsRecursion: true)
    guard top >= 0, threshold >= 0, threshold <= 100 else {
      throw Failure(.usage, "-top and -threshold count from 0, and -threshold to 100")
    }
  }

  func run() throws {
    let file = try OpenTrace.open(path)
    var view = try events.view(of: file)
    view.shaping = try patterns.shaping(foldsRecursion: format == .text)
    view.selection.separatesThreads = patterns.threads
    view.detail = SourceDetail(lines: lines, inlined: inlines)
    view.symbols.keepsLines = lines
    view.layout.format = format
    view.layout.showsNames = !tree
    view.layout.callers = try PatternOptions.parse(callers.map { [$0] } ?? [], FramePattern.init)
      .first
    view.layout.callees = try PatternOptions.parse(callees.map { [$0] } ?? [], FramePattern.init)
      .first
    let hasFocus = callers != nil || callees != nil
    view.layout.showsTree = tree || (!byName && !hasFocus)
    if hasFocus && !byName { view.layout.showsNames = false }
    if byName && tree { view.layout.showsNames = true }
    view.layout.nameLimit = top
    view.layout.sortsByInclusive = inclusive
    view.layout.threshold = threshold / 100
    view.layout.width = wide ? nil : Terminal.width
    try view.run()
  }
}

extension StackLayout.Format: ExpressibleByArgument {}

/// Which events' stacks are shown.
struct StackEventOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "These events in place of CPU samples: Runtime/GCAllocationTick.", valueName: "name"))
  var event: [String] = []

  @Option(
    help: ArgumentHelp("Add up this field in place of counting events.", valueName: "field"))
  var weight: String?

  @Option(help: ArgumentHelp("Only these processes, by id or name.", valueName: "name"))
  var process: [String] = []

  @Option(
    name: [.customShort("p"), .long],
    help: ArgumentHelp("Only these processes.", valueName: "pid"))
  var pid: [IDList] = []

  @Option(help: ArgumentHelp("Only these threads.", valueName: "tid"))
  var tid: [IDList] = []

  @Option(help: ArgumentHelp("Only events at or after this time.", valueName: "time"))
  var from: TimeSpan?

  @Option(help: ArgumentHelp("Only events at or before this time.", valueName: "time"))
  var to: TimeSpan?

  @Option(
    name: .customLong("symbol-path"),
    help: ArgumentHelp("Look for images and debug files here, too.", valueName: "directory"))
  var symbolPath: [String] = []

  /// What the options ask for.
  func view(of file: TraceFile) throws -> StackView {
    var view = StackView(file: file)
    if !event.isEmpty {
      let names = NamePatterns(providers: [], events: event)
      let known = file.eventTypes.map(\.schema) + file.providers.flatMap(\.events)
      try names.check(against: known, in: file.path)
      try view.show(known.filter(names.admits), weight: weight)
      view.selection.filter.admits = names.admits
    } else if weight != nil {
      throw Failure(.usage, "-weight goes with -event", next: "name the events")
    }
    view.selection.filter.time = try TimeRange.closed(from: from, to: to)
    view.selection.filter.pids = pid.isEmpty ? nil : Set(pid.flatMap(\.ids))
    view.selection.filter.tids = tid.isEmpty ? nil : Set(tid.flatMap(\.ids))
    let processes = ProcessPatterns(process)
    if !processes.isEmpty { view.selection.admits = processes.admits }
    view.symbols.searchRoots = symbolPath
    return view
  }
}

/// Which stacks are shown, and how.
struct StackPatternOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only stacks with such a frame.", valueName: "pattern"))
  var include: [String] = []

  @Option(help: ArgumentHelp("No stacks with such a frame.", valueName: "pattern"))
  var exclude: [String] = []

  @Option(
    help: ArgumentHelp("Such frames' cost is their caller's.", valueName: "pattern"))
  var fold: [String] = []

  @Option(
    help: ArgumentHelp(
      "Draw frames together under one name; with => by how they are entered.",
      valueName: "pattern->name"))
  var group: [String] = []

  @Flag(help: "Threads apart.")
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
        next: "put some together with '|'")
    }
    return shaping
  }
}
