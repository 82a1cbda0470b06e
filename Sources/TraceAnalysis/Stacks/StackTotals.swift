/// What a ``StackCollection`` took in, in all.
public struct StackTotals: Hashable, Sendable {
  /// Of one process.
  public struct Process: Hashable, Sendable {
    public var process: ResolvedProcess
    public var metric = StackMetric()
  }

  public var metric = StackMetric()
  /// Time of the first and the last event, in nanoseconds since the trace began; nil when there is
  /// none.
  public var times: ClosedRange<Int64>?
  /// Events that have no stack.
  public var withoutStack = StackMetric()
  /// Of the events with a stack, those whose innermost frame has no name.
  public var unresolved = StackMetric()
  /// Events whose stack ends before its outermost caller: the rest was not recorded, or is in a
  /// damaged part of the file.
  public var cut = StackMetric()
  /// Largest first.
  public var processes: [Process] = []
  public var threadCount = 0
  /// The weight that most events have, where all are alike: a sampling interval.
  public var usualWeight: UInt64 = 0

  public init() {}
}
