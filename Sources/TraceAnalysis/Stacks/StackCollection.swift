internal import TraceEvents
public import TraceFormat

/// Selects the events whose stacks are combined.
public struct StackSelection {
  /// Event types, times, processes and threads.
  public var filter = ReplayFilter()
  /// Field that holds the weight of an event; if nil, each event has weight 1.
  public var weightField: String?
  /// Whether each thread has its own node below its process.
  public var separatesThreads = false
  /// Whether recursive calls of a function are merged into one node, as by
  /// ``StackTree/foldingRecursion()``, which then has nothing to do.
  var foldsRecursion = false
  /// Receives each event.
  var log: SampleLog?
  /// Called with each process, on any thread; returning false excludes its events.
  public var admits: (@Sendable (ResolvedProcess) -> Bool)?

  public init() {}

  /// CPU samples, weighted by CPU time.
  public static var samples: StackSelection {
    var selection = StackSelection()
    selection.filter.admits = {
      $0.provider == SystemSchema.providerName && $0.id == SampledProfile.eventID
    }
    selection.weightField = "weight"
    return selection
  }
}

/// Stacks of a trace's events combined into one tree: processes, then optionally threads, then
/// frames from the outermost to the innermost.
///
/// - Guarantee: every selected event counts at exactly one node; events without a stack count at
///   the node of their process.
/// - Cost: one hash lookup per event whose stack was seen before. Each distinct address of a
///   process is resolved once for each period in which its code is the same. Memory grows with the
///   number of distinct stacks, up to ``StackTree/nodesMax``, and not with the number of events.
public struct StackCollection: Sendable {
  public internal(set) var tree = StackTree()
  public internal(set) var frames = FrameTable()
  public internal(set) var totals = StackTotals()
  /// Process and thread ids of the events, packed.
  var threads: Set<UInt64> = []
  var weights = WeightCounts()
  var begins: [ProcessBegin] = []
  /// Each event, if the selection has a log.
  var samples: [TimedSample] = []

  init() {}

  /// Reads `file` once. To share the run with other passes, use a ``StackCollecting``.
  ///
  /// For a large trace, several threads share the events if the resolver implements
  /// ``FrameResolver/another()``; the result is the same.
  ///
  /// - Throws: a ``FormatError`` if the file can no longer be read.
  public init(
    _ file: TraceFile, _ selection: StackSelection, _ resolver: some FrameResolver
  ) throws {
    try self.init(file, selection, resolver, sharers: 1, cores: nil)
  }

  /// - Parameters:
  ///   - sharers: number of collections that are made at the same time, and share the memory of
  ///     the caches of one.
  ///   - cores: number of cores for this one; nil for all.
  init(
    _ file: TraceFile, _ selection: StackSelection, _ resolver: some FrameResolver, sharers: Int,
    cores: Int?
  ) throws {
    if let whole = try StackWorkers.collect(
      file, selection, resolver, cores: cores ?? StackWorkers.coreCount, sharers: sharers)
    {
      self = whole
      return
    }
    let pass = StackCollecting(file, selection, resolver, sharers: sharers)
    try file.run(pass)
    self = pass.finish()
  }
}

/// Collects the stacks of a trace's events. The passes of its resolver must be finished.
public final class StackCollecting: Pass {
  private let selection: StackSelection
  /// Index of the weight field by event type; -1 for weight 1.
  private let fields: [Int]
  private let state: UnsafeMutablePointer<StackCollector>

  public convenience init(
    _ file: TraceFile, _ selection: StackSelection, _ resolver: some FrameResolver
  ) {
    self.init(file, selection, resolver, sharers: 1)
  }

  init(
    _ file: TraceFile, _ selection: StackSelection, _ resolver: some FrameResolver, sharers: Int
  ) {
    self.selection = selection
    fields = file.eventTypes.map { type in
      type.schema.fields.firstIndex {
        $0.name == selection.weightField && $0.type.isUnsignedNumber
      } ?? -1
    }
    state = .allocate(capacity: 1)
    state.initialize(to: StackCollector(file, selection, resolver, sharers: sharers))
  }

  deinit {
    state.pointee.deallocate()
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// Subscribes to the selected events.
  public func subscribe(to replay: Replay) {
    let weights = selection.weightField.map { EventFields.named([$0]) } ?? .none
    replay.onAny(where: selection.filter, fields: weights) { [self, fields, state] event in
      let field = fields[event.typeIndex]
      let weight = field < 0 ? 1 : event.word(field)
      state.pointee.add(event.header, weight: weight)
      _ = self
    }
  }

  /// Returns the tree and the totals.
  public func finish() -> StackCollection { state.pointee.take() }
}

extension FieldType {
  /// Whether values of this type can be summed.
  var isUnsignedNumber: Bool {
    guard self != .array(element), case .scalar(let scalar) = element else { return false }
    return !scalar.isSigned && scalar != .bool && scalar != .float && scalar != .double
  }
}
