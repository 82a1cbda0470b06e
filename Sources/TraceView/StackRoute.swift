internal import TraceAnalysis
internal import TraceEvents
internal import TraceExport
internal import TraceFormat

/// Stacks of CPU samples, of wall-clock time or of another event.
enum StackRoute {
  private static let patternsMax = 16

  /// Makes the report that `tracectl stacks` makes with the same options. The book gets the
  /// origins of the frames.
  static func report(
    _ file: TraceFile, _ query: Query, _ place: Workplace, book: FrameBook? = nil
  ) throws -> StackReport {
    var options = try options(file, query, place)
    options.book = book
    return try query.flag("wall")
      ? WallPass(options).report(from: Replay(file)) : StackPass(options).report(from: Replay(file))
  }

  /// The options that choose events and say where names are looked for.
  static func selected(
    _ file: TraceFile, _ query: Query, _ place: Workplace
  ) throws -> StackOptions {
    var options = StackOptions()
    try choose(&options, file, query)
    options.selection.filter.time = try query.time()
    options.selection.filter.pids = try query.ids("pid")
    options.selection.filter.tids = try query.ids("tid")
    let processes = ProcessPatterns(query.texts("process"))
    if !processes.isEmpty { options.selection.admits = processes.admits }
    options.symbols = place.symbols
    return options
  }

  /// Chooses events and their weight; without a choice CPU samples, or what a profile's own tools
  /// show.
  static func choose(_ options: inout StackOptions, _ file: TraceFile, _ query: Query) throws {
    let events = query.texts("event")
    guard !events.isEmpty else { return try options.showProfile(of: file) }
    try options.show(
      EventPatterns(events: events), of: file.eventTypes.map(\.schema),
      weight: query.text("weight"))
  }

  private static func options(
    _ file: TraceFile, _ query: Query, _ place: Workplace
  ) throws -> StackOptions {
    var options = try selected(file, query, place)
    options.shaping.fold = try patterns(query, "fold", FramePattern.init)
    options.shaping.include = try patterns(query, "include", FramePattern.init)
    options.shaping.exclude = try patterns(query, "exclude", FramePattern.init)
    options.shaping.groups = try patterns(query, "group", FrameGroup.init)
    options.shaping.foldsRecursion = !query.flag("recursion")
    options.selection.separatesThreads = query.flag("threads")
    options.parts.functionLimit = try query.number("top", as: UInt32.self).map(Int.init) ?? 20
    options.parts.threshold = Double(query.text("threshold") ?? "1").map { $0 / 100 } ?? 0.01
    options.parts.showsTree = !query.flag("by-name")
    return options
  }

  private static func patterns<Pattern>(
    _ query: Query, _ name: String, _ make: (String) throws(FramePatternError) -> Pattern
  ) throws(Refusal) -> [Pattern] {
    let texts = query.texts(name).flatMap { $0.split(separator: ";") }
    guard texts.count <= patternsMax else {
      throw Refusal(400, "There are more than \(patternsMax) patterns.")
    }
    var result: [Pattern] = []
    for text in texts {
      do {
        result.append(try make(String(text.drop { $0 == " " })))
      } catch {
        throw Refusal(400, error.description)
      }
    }
    return result
  }
}
