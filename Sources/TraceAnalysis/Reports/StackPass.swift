public import TraceEvents
public import TraceFormat

/// Options of a ``StackPass``: which stacks it reads and how it combines them.
public struct StackOptions {
  public var selection = StackSelection.samples
  public var shaping = StackShaping()
  public var symbols = SymbolizerOptions()
  /// Source details shown with frames.
  public var detail = SourceDetail.none
  public var parts = StackParts()
  /// Receives what an exporter writes of each frame.
  package var book: FrameBook?
  /// Whether each address without a name is a frame of its own.
  var keepsAddresses = false
  public private(set) var unit = StackUnit.cpuTime
  /// Event names as `Provider/Event`, sorted.
  public private(set) var eventNames = StackReport.samples

  /// Creates options for CPU samples, weighted by CPU time.
  public init() {}

  /// Selects stacks of these events instead of CPU samples, weighted by the number of events or by
  /// the sum of a field.
  ///
  /// - Throws: ``StackReportError/noField(_:events:known:)`` if no event has the field, and
  ///   ``StackReportError/notSummable(field:event:type:)`` if the field cannot be summed.
  public mutating func show(
    _ patterns: EventPatterns, of schemas: [EventSchema], weight: String? = nil
  ) throws(StackReportError) {
    let chosen = schemas.filter(patterns.admits)
    let names = Set(chosen.map { "\($0.provider)/\($0.name)" }).sorted()
    selection.filter.admits = patterns.admits
    eventNames = names
    if names == StackReport.samples, weight == nil { return }
    selection.weightField = weight
    unit = .events
    guard let weight else { return }
    var found: FieldSchema?
    for schema in chosen {
      guard let field = schema.fields.first(where: { $0.name == weight }) else { continue }
      guard field.type.isUnsignedNumber else {
        throw .notSummable(
          field: weight, event: "\(schema.provider)/\(schema.name)", type: field.type.name)
      }
      found = found ?? field
    }
    guard let found else {
      let known = Set(chosen.flatMap(\.fields).map(\.name)).sorted()
      throw .noField(weight, events: names, known: known)
    }
    unit = .field(weight, found.hint)
  }
}

/// Makes a ``StackReport``.
///
/// - Cost: see ``StackCollection`` and ``Symbolizer``.
public final class StackPass: ReportPass {
  private let options: StackOptions
  private let sampling = SamplingPass()
  private var replay: Replay?
  private var symbolizer: Symbolizer?
  /// Nil if threads are not shown separately.
  private let threads: ThreadNames?

  public init(_ options: StackOptions = StackOptions()) {
    self.options = options
    threads = options.selection.separatesThreads ? ThreadNames() : nil
  }

  /// Subscribes to the events about code and processes, and to the sampling event.
  public func subscribe(to replay: Replay) {
    self.replay = replay
    let symbolizer = Symbolizer(replay.file, options: options.symbols)
    symbolizer.subscribe(to: replay)
    self.symbolizer = symbolizer
    threads?.subscribe(to: replay)
    if options.unit == .cpuTime { sampling.subscribe(to: replay) }
  }

  /// Builds the call tree in a second run over the file.
  ///
  /// - Throws: a ``StackReportError`` if there is nothing to show; a ``FormatError`` if the file
  ///   can no longer be read.
  public func finish() throws -> StackReport {
    guard let replay, let symbolizer else {
      preconditionFailure("finish() comes after subscribe(to:)")
    }
    let file = replay.file
    let resolver = SymbolizerFrames(
      symbolizer.finish(), detail: options.detail, threads: threads, book: options.book,
      keepsAddresses: options.keepsAddresses)
    var selection = options.selection
    selection.foldsRecursion = options.shaping.foldsRecursion
    var collection = try StackCollection(file, selection, resolver)
    if let log = selection.log { swap(&log.samples, &collection.samples) }
    guard collection.totals.metric.count > 0 else { throw nothing(in: replay) }
    return try StackReport(
      collection, options, replay, eventNames: options.eventNames, unit: options.unit,
      sampling: sampling.started)
  }

  /// The processes of the trace; empty before ``finish()``.
  var processes: ProcessHistory { symbolizer?.processes.history ?? ProcessHistory() }

  /// Returns the reason why there is nothing to show.
  private func nothing(in replay: Replay) -> StackReportError {
    let selection = options.selection
    let isFiltered =
      selection.filter.time != nil || selection.filter.pids != nil || selection.filter.tids != nil
      || selection.admits != nil
    let types = replay.file.eventTypes.filter { selection.filter.admits?($0.schema) ?? true }
    let count = types.reduce(UInt64(0)) { $0 &+ $1.count }
    return count > 0 && isFiltered
      ? .noneSelected(events: count, names: options.eventNames)
      : .noEvents(names: options.eventNames)
  }
}

extension StackReport {
  /// Applies the options' patterns to collected stacks.
  init(
    _ collection: StackCollection, _ options: StackOptions, _ replay: Replay,
    eventNames: [String], unit: StackUnit, sampling: SamplingStarted?
  ) throws(StackReportError) {
    var frames = collection.frames
    let calls = CallTree(options.shaping.shape(collection.tree, &frames))
    guard calls.total.count > 0 else {
      throw StackReportError.noneFits(events: collection.totals.metric.count)
    }
    var partial = PartialReason.reasons(replay)
    if collection.tree.isCut { partial.append(.limited(what: "different stacks")) }
    let file = replay.file
    self.init(
      lost: LostEvents(file.lossTotals), partial: partial, trace: file.path,
      events: file.eventCount, eventNames: eventNames, unit: unit, sampling: sampling,
      totals: collection.totals, calls: calls, frames: frames, parts: options.parts)
    isProfile = file.eventTypes.contains {
      $0.schema.provider == ProfileSchema.providerName && $0.count > 0
    }
    callers = try options.parts.callers.map { pattern throws(StackReportError) in
      try focus(on: pattern) { calls.tree.callers(of: $0) }
    }
    callees = try options.parts.callees.map { pattern throws(StackReportError) in
      try focus(on: pattern) { calls.tree.callees(of: $0) }
    }
  }

  private func focus(
    on pattern: FramePattern, _ tree: (Set<FrameID>) -> StackTree
  ) throws(StackReportError) -> Focus {
    let found = calls.byName(frameCount: frames.count).map(\.frame)
      .filter { pattern.matches(frames[$0].name) }
    guard !found.isEmpty else { throw .noFunction(pattern: pattern.description) }
    return Focus(pattern: pattern.description, calls: CallTree(tree(Set(found))))
  }
}
