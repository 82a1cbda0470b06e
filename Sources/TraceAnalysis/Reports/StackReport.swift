public import TraceEvents

/// Where events of a trace came from: functions by cost, and the call tree.
public struct StackReport: Report {
  /// A function, summed over all its occurrences in the tree.
  public struct Function: Hashable, Sendable {
    public var frame: StackFrame
    /// Metric of the stacks whose innermost frame is this function.
    public var exclusive: StackMetric
    /// Metric of the stacks that contain the function. Each stack counts once, even if the function
    /// recurses.
    public var inclusive: StackMetric
  }

  /// Call trees of the functions that match a pattern.
  public struct Focus: Sendable {
    public var pattern: String
    public var calls: CallTree
  }

  public var lost: LostEvents
  public var partial: [PartialReason]
  /// Display name of the trace: its path.
  public var trace: String
  /// Number of events in the trace.
  public var events: UInt64
  /// Event names as `Provider/Event`, sorted.
  public var eventNames: [String]
  public var unit: StackUnit
  /// Whether the trace was made of a profile, whose events have no times.
  public var isProfile = false
  /// Wall-clock time of the threads; nil unless ``unit`` is ``StackUnit/wallTime``.
  public var wall: WallTime?
  /// Sampling parameters of CPU samples; nil for other events.
  public var sampling: SamplingStarted?
  /// Totals over all events admitted by the selection.
  public var totals: StackTotals
  /// Call tree of the stacks left after applying the patterns.
  public var calls: CallTree
  public var frames: FrameTable
  public var parts: StackParts
  /// Callers of the functions matched by ``StackParts/callers``.
  public var callers: Focus?
  /// Callees of the functions matched by ``StackParts/callees``.
  public var callees: Focus?

  /// Whether the events are CPU samples.
  public var isSamples: Bool { eventNames == Self.samples }

  /// Value of ``eventNames`` for CPU samples.
  public static let samples = ["\(SystemSchema.providerName)/\(SampledProfile.schema.name)"]

  /// Returns at most `limit` functions, largest amounts first, and the total number of functions.
  ///
  /// - Cost: one pass over the tree.
  public func functions(
    limit: Int, byInclusive: Bool = false
  ) -> (functions: [Function], count: Int) {
    let named = calls.byName(frameCount: frames.count).filter {
      let kind = frames[$0.frame].kind
      return kind != .process && kind != .thread
    }
    func key(_ entry: CallTree.NameEntry) -> (UInt64, UInt64) {
      let own = unit.amount(of: entry.exclusive)
      let all = unit.amount(of: entry.inclusive)
      return byInclusive ? (all, own) : (own, all)
    }
    // Names are compared only for functions that may be shown.
    guard limit > 0, let least = named.map(key).sorted(by: >).prefix(limit).last else {
      return ([], named.count)
    }
    // Functions with equal sums are sorted by name, so that the order of events does not matter.
    let entries = named.filter { key($0) >= least }.sorted { a, b in
      let (first, second) = (key(a), key(b))
      return first != second ? first > second : frames[a.frame].name < frames[b.frame].name
    }
    let functions = entries.prefix(limit).map {
      Function(frame: frames[$0.frame], exclusive: $0.exclusive, inclusive: $0.inclusive)
    }
    return (functions, named.count)
  }
}

/// Wall-clock time of the threads in a ``StackReport``, before its patterns are applied.
public struct WallTime: Hashable, Sendable {
  /// Sums over the threads; the parts add up to the total of the call tree exactly.
  public var times = ThreadReport.Times()
  /// See ``ThreadReport/hasWakeUps``.
  public var hasWakeUps = false
  /// See ``ThreadReport/hasStacks``.
  public var hasStacks = false
  /// Number of CPU samples over which running time is distributed.
  public var samples: UInt64 = 0

  public init() {}
}

/// Parts of a ``StackReport`` to show.
public struct StackParts: Sendable {
  /// Maximum number of functions in the table by name; nil for no table.
  public var functionLimit: Int? = 20
  public var sortsByInclusive = false
  public var showsTree = true
  /// Minimum share of the whole, from 0 to 1, for a node to be shown in a tree.
  public var threshold = 0.01
  /// Functions whose callers are shown.
  public var callers: FramePattern?
  /// Functions whose callees are shown.
  public var callees: FramePattern?

  public init() {}
}

/// Reason why no ``StackReport`` can be made.
public enum StackReportError: Error, Hashable, Sendable {
  /// The trace has no such events.
  case noEvents(names: [String])
  /// None of the events is in the chosen processes, threads and times.
  case noneSelected(events: UInt64, names: [String])
  /// No stack matches the include and exclude patterns.
  case noneFits(events: UInt64)
  /// No function matches the pattern of ``StackParts/callers`` or ``StackParts/callees``.
  case noFunction(pattern: String)
  /// No chosen event has the field to sum.
  case noField(String, events: [String], known: [String])
  /// The field is not an unsigned number, so it cannot be summed.
  case notSummable(field: String, event: String, type: String)
}
