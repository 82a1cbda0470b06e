/// What a thread's time was spent on: what it did, and while it waited, what the threads did that
/// ended its waits, and those that ended theirs, and so on.
///
/// - Guarantee: the steps follow each other without gap or overlap from ``from_ns`` to ``to_ns``,
///   unless the report is limited.
public struct ChainReport: Report {
  public var heading: ReportHeading
  /// See ``ThreadReport/hasWakeUps``. Without wake-ups, no chain leaves the thread.
  public var hasWakeUps: Bool
  public var hasStacks: Bool
  /// The chosen thread.
  public var thread: Thread
  /// The covered part of its life.
  public var from_ns: Int64
  public var to_ns: Int64
  /// Steps of the same thread with the same state, reason and stack; longest total first.
  public var causes: [Cause] = []
  /// In order of time; at most ``stepsMax``, the last ones.
  public var steps: [Step] = []

  public static let stepsMax = 100_000

  public var lost: LostEvents { heading.lost }
  public var partial: [PartialReason] { heading.partial }

  /// A thread in a chain.
  public struct Thread: Hashable, Sendable {
    public var tid: UInt32
    public var pid: UInt32
    /// Empty if not known.
    public var name: String
  }

  /// What a thread does in a step.
  public enum State: String, Hashable, Sendable {
    case running, runnable, blocked, unknown
  }

  /// Why the chain does not go from a wait to what ended it.
  public enum End: String, Hashable, Sendable {
    /// An interrupt ended it, such as that of a timer or a disk.
    case interrupt
    /// A program whose events are not recorded ended it.
    case otherProgram = "another program"
    case noWakeUp = "no wake-up"
    /// The wait goes on after the chosen time.
    case notEnded = "not ended"
    /// The thread waits for one that already waits for it.
    case cycle
    /// The chain is longer than ``ChainReport/hopsMax``.
    case tooLong = "too long"
    /// The events of the two threads contradict each other, or some are missing.
    case unfitting = "events do not fit"
  }

  /// Maximum number of threads that wait for each other in a chain.
  public static let hopsMax = 64

  /// A time that one thread spent in one state.
  public struct Step: Hashable, Sendable {
    public var thread: Thread
    public var start_ns: Int64
    public var duration_ns: UInt64
    public var state: State
    /// Of a wait.
    public var reason: WaitReason?
    /// Why a wait is not followed; nil if it is none.
    public var end: End?
    /// Number of threads between this one and the chosen one, for whom it is the one to wait for.
    public var depth: Int
  }

  /// Steps of a thread with one state, reason and stack.
  public struct Cause: Sendable {
    public var thread: Thread
    public var state: State
    public var reason: WaitReason?
    public var count: UInt64
    public var total_ns: UInt64
    public var max_ns: UInt64
    /// Of a wait; innermost first, and no more than ``ThreadReport/Wait/framesMax``.
    public var frames: [StackFrame]
  }
}
