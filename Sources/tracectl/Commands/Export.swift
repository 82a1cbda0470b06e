import ArgumentParser
import TraceAnalysis
import TraceExport
import TraceFormat

/// `tracectl export`: writes a trace in the format of another tool.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a trace for another tool: \(ExportChoice.list).",
    discussion: """
      The format is that of -format, or follows from the name given with -o. CPU samples are \
      exported unless -event or -wall is given. What each format holds and leaves out is in \
      Docs/export.md.

      tracectl export trace.etl -o cpu.pb.gz && go tool pprof -http=: cpu.pb.gz
      tracectl export trace.etl -wall -process java -o wall.pb.gz
      tracectl export trace.etl -format pprof -o - | go tool pprof -top /dev/stdin
      """)

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  @Option(
    help: ArgumentHelp(
      "For svg: color by the change since this trace.", valueName: "file"))
  var base: String?

  @OptionGroup(title: "Which events") var events: StackEventOptions

  func validate() throws {
    let choice = try ExportChoice(output)
    if output.output == nil, choice.isBinary, Terminal.width != nil {
      throw Failure(.usage, "\(choice.name) is not text for a terminal", next: "give -o")
    }
    if base != nil, choice.name != "svg" {
      throw Failure(
        .usage, "-base changes nothing: only svg compares", next: "omit -base, or use compare")
    }
    try TimeRange.check(from: events.from, to: events.to)
    try events.checkWall()
    if events.wall, case .timeline = choice.kind {
      throw Failure(
        .usage, "\(choice.name) shows times, and -wall adds them up",
        next: "omit -wall, or choose pprof, folded or svg")
    }
  }

  func run() throws {
    let choice = try ExportChoice(output)
    let file = try OpenTrace.open(path)
    var options = try events.options(of: file)
    let isWritten: Bool
    switch choice.kind {
    case .profile(let renderer):
      options.detail = SourceDetail(lines: true, inlined: true)
      if let recorded = try recorded(in: file, options, choice.name) {
        isWritten = try output.write(
          recorded.profile, with: recorded.renderer, input: path, isWhole: true)
        break
      }
      let profile = try OpenTrace.report(
        StackProfilePass(options, isWall: events.wall), of: file)
      isWritten = try output.write(profile, with: renderer, input: path, isWhole: true)
    case .timeline(let renderer):
      options.detail = SourceDetail(lines: true, inlined: true)
      let timeline = try OpenTrace.explaining(file.path) { try TraceTimeline(file, options) }
      isWritten = try output.write(timeline, with: renderer, input: path, isWhole: true)
    case .graph(let renderer):
      let graph = FlameGraph(try stacks(of: file, options), base: try baseStacks())
      isWritten = try output.write(graph, with: renderer, input: path, isWhole: true)
    }
    SymbolOptions.noteProblems(of: options.symbols)
    guard isWritten else { return }
    try OpenTrace.noteState(of: file)
  }

  /// The profile of which the trace was made, if all of it is exported.
  private func recorded(
    in file: TraceFile, _ options: StackOptions, _ format: String
  ) throws -> (profile: RecordedProfile, renderer: any Renderer<RecordedProfile>)? {
    guard events.event.isEmpty, !events.wall,
      let renderer = RendererRegistry.exporters.renderer(of: RecordedProfile.self, format: format),
      let profile = try OpenTrace.explaining(file.path, { try RecordedProfile(file, options) })
    else { return nil }
    return (profile, renderer)
  }

  private func stacks(of file: TraceFile, _ options: StackOptions) throws -> StackReport {
    events.wall
      ? try OpenTrace.report(WallPass(options), of: file)
      : try OpenTrace.report(StackPass(options), of: file)
  }

  private func baseStacks() throws -> StackReport? {
    guard let base else { return nil }
    let file = try OpenTrace.open(base)
    return try stacks(of: file, try events.options(of: file))
  }
}

/// The exporter that a command line selects.
struct ExportChoice {
  /// An exporter, by what it needs of the trace.
  enum Kind {
    case profile(any Renderer<StackProfile>)
    case timeline(any Renderer<TraceTimeline>)
    case graph(any Renderer<FlameGraph>)
  }

  var kind: Kind
  var format: OutputFormat

  var name: String { format.name }
  var isBinary: Bool { ["pprof", "perfetto"].contains(format.name) }

  static var formats: [OutputFormat] {
    let registry = RendererRegistry.exporters
    return registry.formats(of: StackProfile.self) + registry.formats(of: TraceTimeline.self)
      + registry.formats(of: FlameGraph.self)
  }

  static var list: String { formats.map(\.name).joined(separator: ", ") }

  /// Selects by `-format`, or else by the name of the output.
  init(_ options: OutputOptions) throws(Failure) {
    if let format = options.format {
      guard let kind = Self.kind(format: format) else {
        throw Failure(
          .usage, "there is no format '\(format)' here", next: "use one of \(Self.list)")
      }
      self.init(kind: kind)
      return
    }
    guard let output = options.output, !options.isStandardOutput else {
      throw Failure(
        .usage, "the format is not given", next: "add -format with one of \(Self.list)")
    }
    let name = output.lowercased()
    let found = Self.formats.first { $0.fileExtensions.contains { name.hasSuffix("." + $0) } }
    guard let kind = found.flatMap({ Self.kind(format: $0.name) }) else {
      throw Failure(
        .usage, "the name '\(output)' does not tell the format",
        next: "add -format with one of \(Self.list)")
    }
    self.init(kind: kind)
  }

  private static func kind(format: String) -> Kind? {
    let registry = RendererRegistry.exporters
    if let found = registry.renderer(of: StackProfile.self, format: format) {
      return .profile(found)
    }
    if let found = registry.renderer(of: TraceTimeline.self, format: format) {
      return .timeline(found)
    }
    return registry.renderer(of: FlameGraph.self, format: format).map { .graph($0) }
  }

  private init(kind: Kind) {
    self.kind = kind
    switch kind {
    case .profile(let renderer): format = renderer.format
    case .timeline(let renderer): format = renderer.format
    case .graph(let renderer): format = renderer.format
    }
  }
}
