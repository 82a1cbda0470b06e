public import TraceEvents

/// Quantity summed by a stack report.
public enum StackUnit: Hashable, Sendable {
  /// CPU time in nanoseconds.
  case cpuTime
  /// Wall-clock time of threads in nanoseconds.
  case wallTime
  /// Number of events.
  case events
  /// Sum of a field of the events.
  case field(String, FieldHint)

  /// Returns the component of `metric` that this unit counts.
  public func amount(of metric: StackMetric) -> UInt64 {
    self == .events ? metric.count : metric.weight
  }

  /// The unit of an amount.
  public var hint: FieldHint {
    switch self {
    case .cpuTime, .wallTime: .nanoseconds
    case .events: .count
    case .field(_, let hint): hint
    }
  }
}
