/// What a report of stacks adds up.
public enum StackUnit: Hashable, Sendable {
  /// Nanoseconds of CPU time.
  case cpuTime
  /// How many events there are.
  case events
  /// The sum of a field of the events.
  case field(String, isBytes: Bool)

  /// The number in `metric` that counts.
  public func amount(of metric: StackMetric) -> UInt64 {
    self == .events ? metric.count : metric.weight
  }
}
