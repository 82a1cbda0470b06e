internal import TraceEvents
public import TraceFormat

/// Which events' stacks are taken together.
public struct StackSelection {
  /// Which event types, times, processes and threads.
  public var filter = ReplayFilter()
  /// The field that says what an event stands for; without it, each stands for 1.
  public var weightField: String?
  /// Each thread has a node of its own below its process.
  public var separatesThreads = false
  /// Called with each process, on any thread; false leaves its events out.
  public var admits: (@Sendable (ResolvedProcess) -> Bool)?

  public init() {}

  /// The CPU samples, by CPU time.
  public static var samples: StackSelection {
    var selection = StackSelection()
    selection.filter.admits = {
      $0.provider == SystemSchema.providerName && $0.id == SampledProfile.eventID
    }
    selection.weightField = "weight"
    return selection
  }
}

/// The stacks of a trace's events, put together into one tree: processes, then (if wanted) threads,
/// then frames from the outermost in.
///
/// - Guarantee: every event of the selection counts at exactly one node, those without a stack at
///   their process's.
/// - Cost: a hash look-up an event whose stack came before; each different address of a process is
///   resolved once for each time that something else lives there. Memory grows with the number of
///   different stacks, up to ``StackTree/nodesMax``, and not with that of events.
public struct StackCollection: Sendable {
  public internal(set) var tree = StackTree()
  public internal(set) var frames = FrameTable()
  public internal(set) var totals = StackTotals()
  /// Process and thread ids of the events.
  var threads: Set<UInt64> = []
  var weights = WeightCounts()
  var begins: [ProcessBegin] = []

  init() {}

  /// Reads `file` once. To share the run with other passes, use a ``StackCollecting``.
  ///
  /// Of a large trace, each core takes a part of its time, where the resolver has
  /// ``FrameResolver/another()``; the result is the same.
  ///
  /// - Throws: a ``FormatError`` when the file cannot be read any more.
  public init(
    _ file: TraceFile, _ selection: StackSelection, _ resolver: some FrameResolver
  ) throws {
    if let whole = try StackWorkers.collect(file, selection, resolver) {
      self = whole
      return
    }
    let pass = StackCollecting(file, selection, resolver)
    try file.run(pass)
    self = pass.finish()
  }
}

/// Collects the stacks of a trace's events. Its resolver's passes are finished.
public final class StackCollecting: Pass {
  private let selection: StackSelection
  /// Of each event type, the field that says what an event stands for; -1 for 1.
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

  /// Asks for the events of the selection.
  public func subscribe(to replay: Replay) {
    let weights = selection.weightField.map { EventFields.named([$0]) } ?? .none
    replay.onAny(where: selection.filter, fields: weights) { [self, fields, state] event in
      let field = fields[event.typeIndex]
      let weight = field < 0 ? 1 : event.word(field)
      state.pointee.add(event.header, weight: weight)
      _ = self
    }
  }

  /// The tree and the sums.
  public func finish() -> StackCollection { state.pointee.take() }
}

extension FieldType {
  /// Whether values can be added up.
  var isUnsignedNumber: Bool {
    guard self != .array(element), case .scalar(let scalar) = element else { return false }
    return !scalar.isSigned && scalar != .bool && scalar != .float && scalar != .double
  }
}
