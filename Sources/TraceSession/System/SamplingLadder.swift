public import TraceEvents

/// The ways of taking CPU samples in order of preference, with the results of trying them until one
/// was available.
public struct SamplingLadder: Hashable, Sendable {
  /// A way of taking samples.
  public enum Step: Hashable, Sendable, CustomStringConvertible {
    /// perf_event_open(2).
    case kernelEvents
    /// Timers of the threads' CPU time, in programs that link TraceProvider.
    case threadTimers

    public var description: String {
      switch self {
      case .kernelEvents: "the kernel's events"
      case .threadTimers: "timers in the program itself"
      }
    }
  }

  /// The result of a step.
  public struct Outcome: Hashable, Sendable {
    public var step: Step
    public var isTaken: Bool
    /// The reason for a refusal, or the restrictions, and what to do; empty if there is nothing to
    /// report.
    public var note: String

    public init(_ step: Step, isTaken: Bool, note: String = "") {
      self.step = step
      self.isTaken = isTaken
      self.note = note
    }
  }

  public private(set) var outcomes: [Outcome] = []
  /// The source of samples of the step in use.
  public internal(set) var source = SampleSource.cpuClock
  public internal(set) var hasKernelFrames = false

  /// The step in use; nil if there are no samples.
  public var taken: Step? { outcomes.first { $0.isTaken }?.step }

  /// All notes, as consecutive sentences.
  public var note: String {
    outcomes.map(\.note).filter { !$0.isEmpty }.joined(separator: "; ")
  }

  /// Adds the result of the next step.
  public mutating func add(_ outcome: Outcome) { outcomes.append(outcome) }
}
