public import TraceEvents

/// Where events of a trace came from: functions by what they cost, and the call tree.
public struct StackReport: Report {
  /// A function with all its places in the tree taken together.
  public struct Function: Hashable, Sendable {
    public var frame: StackFrame
    /// Of the stacks that end in the function.
    public var exclusive: StackMetric
    /// Of the stacks that have the function, each once, however often it calls itself.
    public var inclusive: StackMetric
  }

  /// Call trees of the functions that fit a pattern.
  public struct Focus: Sendable {
    public var pattern: String
    public var calls: CallTree
  }

  public var lost: LostEvents
  public var partial: [PartialReason]
  /// What the trace is called: its path.
  public var trace: String
  /// All events that the trace has.
  public var events: UInt64
  /// `Provider/Event`, sorted.
  public var eventNames: [String]
  public var unit: StackUnit
  /// How the CPU samples were taken; nil for other events.
  public var sampling: SamplingStarted?
  /// Of all events that the selection admits.
  public var totals: StackTotals
  /// What the patterns leave of ``totals``.
  public var calls: CallTree
  public var frames: FrameTable
  public var parts: StackParts
  /// Who calls the functions of ``StackParts/callers``.
  public var callers: Focus?
  /// What the functions of ``StackParts/callees`` call.
  public var callees: Focus?

  /// Whether these are CPU samples rather than other events.
  public var isSamples: Bool { eventNames == Self.samples }

  /// ``eventNames`` of CPU samples.
  public static let samples = ["\(SystemSchema.providerName)/\(SampledProfile.schema.name)"]

  /// At most `limit` functions, those with the largest amounts first, and how many there are.
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
    // Names are compared only of what may be shown.
    guard limit > 0, let least = named.map(key).sorted(by: >).prefix(limit).last else {
      return ([], named.count)
    }
    // Equal sums are in order of name, whatever order the events came in.
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

/// Which parts of a ``StackReport`` are shown.
public struct StackParts: Sendable {
  /// Functions in the table by name; nil for no table.
  public var functionLimit: Int? = 20
  public var sortsByInclusive = false
  public var showsTree = true
  /// Nodes with less than this share of the whole, from 0 to 1, are left out of trees.
  public var threshold = 0.01
  /// Show who calls such functions.
  public var callers: FramePattern?
  /// Show what such functions call.
  public var callees: FramePattern?

  public init() {}
}

/// Why there is no ``StackReport``.
public enum StackReportError: Error, Hashable, Sendable {
  /// The trace has no such events.
  case noEvents(names: [String])
  /// None of the events is of the processes, threads and times that were chosen.
  case noneSelected(events: UInt64, names: [String])
  /// No stack fits the include and exclude patterns.
  case noneFits(events: UInt64)
  /// No function fits the pattern of ``StackParts/callers`` or ``StackParts/callees``.
  case noFunction(pattern: String)
  /// No chosen event has the field to add up.
  case noField(String, events: [String], known: [String])
  /// The field is not an unsigned number, so it has no sum.
  case notSummable(field: String, event: String, type: String)
}
