public import TraceEvents

/// The ways of taking CPU samples, from the best down, and how each was refused until one was not.
public struct SamplingLadder: Hashable, Sendable {
  /// A way of taking samples.
  public enum Step: Hashable, Sendable, CustomStringConvertible {
    /// perf_event_open(2).
    case kernelEvents
    /// Timers of the threads' own CPU time, in programs that link TraceProvider.
    case threadTimers

    public var description: String {
      switch self {
      case .kernelEvents: "the kernel's events"
      case .threadTimers: "timers in the program itself"
      }
    }
  }

  /// What became of a step.
  public struct Outcome: Hashable, Sendable {
    public var step: Step
    public var isTaken: Bool
    /// Why not, or with what restrictions, and what to do; empty when there is nothing to say.
    public var note: String

    public init(_ step: Step, isTaken: Bool, note: String = "") {
      self.step = step
      self.isTaken = isTaken
      self.note = note
    }
  }

  public private(set) var outcomes: [Outcome] = []
  /// Of the step that was taken.
  public internal(set) var source = SampleSource.cpuClock
  public internal(set) var hasKernelFrames = false

  /// The step that samples are taken with; nil when there are none.
  public var taken: Step? { outcomes.first { $0.isTaken }?.step }

  /// All that there is to say, one sentence after the other.
  public var note: String {
    outcomes.map(\.note).filter { !$0.isEmpty }.joined(separator: "; ")
  }

  /// Notes what became of the next step.
  public mutating func add(_ outcome: Outcome) { outcomes.append(outcome) }
}
