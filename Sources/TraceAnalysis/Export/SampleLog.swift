/// An event of a timeline that has a stack.
public struct TimedSample: BitwiseCopyable, Sendable {
  /// Nanoseconds since the trace began.
  public var time: Int64
  /// CPU time in nanoseconds, or what else the timeline adds up.
  public var weight: UInt64
  /// The node of its stack in the timeline's call tree.
  public var node: UInt32
  /// ``EventHeader/noCPU`` if unknown.
  public var cpu: UInt16
}

/// Receives each event of a stack collection, in order of time. Events of one process at the same
/// time keep their order.
///
/// - Cost: 24 bytes an event, and as much again while several cores' parts are joined.
final class SampleLog {
  var samples: [TimedSample] = []

  /// Returns the samples and leaves the log empty.
  func take() -> [TimedSample] {
    defer { samples = [] }
    return samples
  }
}
