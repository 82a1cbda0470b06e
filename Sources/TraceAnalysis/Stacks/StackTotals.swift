/// Totals of a ``StackCollection``.
public struct StackTotals: Hashable, Sendable {
  /// Totals of one process.
  public struct Process: Hashable, Sendable {
    public var process: ResolvedProcess
    public var metric = StackMetric()
  }

  public var metric = StackMetric()
  /// Times of the first and the last event, in nanoseconds since the trace began; nil if there are
  /// no events.
  public var times: ClosedRange<Int64>?
  /// Events without a stack.
  public var withoutStack = StackMetric()
  /// Events with a stack whose innermost frame has no name.
  public var unresolved = StackMetric()
  /// Events whose stack is missing its outermost callers: they were not recorded, or are in a
  /// damaged part of the file.
  public var cut = StackMetric()
  /// Processes, largest first.
  public var processes: [Process] = []
  public var threadCount = 0
  /// Most frequent weight of an event; for samples of equal weight, the sampling interval.
  public var usualWeight: UInt64 = 0

  public init() {}
}
