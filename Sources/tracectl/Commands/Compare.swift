import ArgumentParser
import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// `tracectl compare`: shows what differs between two traces or two sets of traces.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Show what changed between two traces, or between two sets of traces.",
    discussion: """
      Differences of functions and of the other reports' numbers, each with the interval that the \
      true change lies in. What chance alone explains is called not distinguishable. Several \
      traces a side tell how much runs vary.

      tracectl compare before.etl after.etl
      tracectl compare -base a1.etl a2.etl a3.etl -new b1.etl b2.etl b3.etl -per request
      tracectl compare before.etl after.etl -o difference.json
      tracectl compare heap1.pb.gz heap2.pb.gz -weight alloc_space
      """)

  @Argument(help: ArgumentHelp("Two trace files: before, after.", valueName: "file"))
  var paths: [String] = []

  @OptionGroup var output: OutputOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("The traces to compare with.", valueName: "file"))
  var base: [String] = []

  @Option(parsing: .upToNextOption, help: ArgumentHelp("The traces to judge.", valueName: "file"))
  var new: [String] = []

  @Option(
    help: ArgumentHelp(
      "Divide amounts by: second (default), run, cpu, request, or an event's name.",
      valueName: "what"))
  var per: String?

  @Option(
    help: ArgumentHelp(
      "Compare the stacks of these events instead of CPU samples: Runtime/GCAllocationTick.",
      valueName: "name"))
  var event: [String] = []

  @Option(
    help: ArgumentHelp(
      "Add up this field of the events, or this type of a profile's samples.",
      valueName: "field"))
  var weight: String?

  @Option(
    help: ArgumentHelp(
      "Number of functions listed (default: 20 in text, else all).", valueName: "count"))
  var top: Int?

  @Flag(help: "Sort functions by the change of their inclusive cost.")
  var inclusive = false

  @OptionGroup(title: "Which processes and times") var selection: SelectionOptions

  @OptionGroup(title: "Where names are looked for") var symbols: SymbolOptions

  func validate() throws {
    _ = try output.renderer(of: ComparisonReport.self)
    try selection.check()
    guard top ?? 0 >= 0 else { throw Failure(.usage, "-top must not be negative") }
    _ = try sides()
  }

  /// The traces of both sides.
  private func sides() throws(Failure) -> (base: [String], new: [String]) {
    if base.isEmpty, new.isEmpty, paths.count == 2 { return ([paths[0]], [paths[1]]) }
    guard paths.isEmpty, !base.isEmpty, !new.isEmpty else {
      throw Failure(
        .usage, "compare takes two traces, or several with -base and with -new",
        next: "see 'tracectl compare -help'")
    }
    return (base, new)
  }

  private func divisor(of files: [TraceFile]) throws -> RunDivisor {
    switch per {
    case nil: try OpenTrace.explaining(files[0].path) { try RunDivisor.usual(for: files) }
    case "second": .second
    case "run": .run
    case "cpu": .cpu
    case "request": .request
    case let name?: .event(name)
    }
  }

  func run() throws {
    let sides = try sides()
    var making = RunProfiles()
    let files = try (sides.base + sides.new).map(OpenTrace.open)
    let divisor = try divisor(of: files)
    for file in files { try add(file, to: &making, divisor) }
    let profiles = try zip(files, making.make()).map { file, profile in
      try OpenTrace.explaining(file.path) { try profile.get() }
    }
    if let (one, other) = Comparison.mismatch(profiles) {
      throw Failure(
        .dataError,
        "\(one.trace) shows \(one.quantity.name), and \(other.trace) \(other.quantity.name)",
        next: "choose what both have with -event and -weight")
    }
    let comparison = Comparison(
      base: Array(profiles[..<sides.base.count]), new: Array(profiles[sides.base.count...]),
      per: divisor)
    let isJSON = try output.renderer(of: ComparisonReport.self).format.name == "json"
    var report = comparison.report(hasTree: isJSON)
    report.listLimit = top
    report.sortsByInclusive = inclusive
    try output.write(report, input: sides.base[0])
  }

  private func add(
    _ file: TraceFile, to making: inout RunProfiles, _ divisor: RunDivisor
  ) throws {
    if case .event(let name) = divisor {
      let known = file.eventTypes.map(\.schema) + file.providers.flatMap(\.events)
      if let unknown = EventPatterns(events: [name]).unknown(among: known) {
        throw Failure(unknown, path: file.path)
      }
    }
    var options = SymbolizerOptions()
    try symbols.apply(to: &options)
    var shown = StackOptions()
    try shown.choose(event, weight: weight, in: file)
    making.add(
      file, try selection.selection(in: file), per: divisor, symbols: options, shown: shown)
  }
}
