/// What threads did with their time: ran, waited for a CPU, or waited for something else.
public struct ThreadReport: ProcessReport {
  public var heading: ReportHeading
  /// Whether the trace has wake-ups. Without them, the time from a wake-up until the thread runs
  /// counts as part of the wait.
  public var hasWakeUps: Bool
  /// Whether context switches have stacks. Without them, the reasons of waits are not known.
  public var hasStacks: Bool
  public var processes: [Process]

  /// The threads of one process.
  public struct Process: ReportedProcess {
    public var covered: CoveredProcess
    /// Sums over the threads.
    public var times = Times()
    /// Waits of all threads by reason, longest total first.
    public var reasons: [Reason] = []
    /// The threads with the longest running and waiting time first.
    public var threads: [Thread] = []
    /// Places at which threads waited, by total time; at most ``waitsMax``.
    public var waits: [Wait] = []
    /// The longest waits.
    public var longest: [LongWait] = []
    /// Waits whose end is not known.
    public var open: [Open] = []
    /// Number of such waits, including those that are not in ``open``.
    public var openCount: UInt64 = 0

    /// Maximum number of places that are reported.
    public static let waitsMax = 10_000
  }

  /// Times of one or several threads. The parts add up to ``life_ns`` exactly.
  public struct Times: Hashable, Sendable {
    public var running_ns: UInt64 = 0
    /// Runnable, but another thread ran.
    public var runnable_ns: UInt64 = 0
    public var blocked_ns: UInt64 = 0
    /// Where events are missing, or before the first event of a thread.
    public var unknown_ns: UInt64 = 0
    /// The part of ``runnable_ns`` after another thread took the CPU.
    public var preempted_ns: UInt64 = 0
    /// How often a thread began to wait, and how often another thread took its CPU.
    public var waits: UInt64 = 0
    public var preemptions: UInt64 = 0

    /// Creates the times of no threads.
    public init() {}

    /// The sum of the parts.
    public var life_ns: UInt64 {
      running_ns.addingClamped(runnable_ns).addingClamped(blocked_ns).addingClamped(unknown_ns)
    }

    mutating func add(_ other: Times) {
      running_ns = running_ns.addingClamped(other.running_ns)
      runnable_ns = runnable_ns.addingClamped(other.runnable_ns)
      blocked_ns = blocked_ns.addingClamped(other.blocked_ns)
      unknown_ns = unknown_ns.addingClamped(other.unknown_ns)
      preempted_ns = preempted_ns.addingClamped(other.preempted_ns)
      waits = waits.addingClamped(other.waits)
      preemptions = preemptions.addingClamped(other.preemptions)
    }
  }

  /// Waits for one reason.
  public struct Reason: Hashable, Sendable {
    public var reason: WaitReason
    public var count: UInt64
    public var total_ns: UInt64
    public var max_ns: UInt64
  }

  /// The time of one thread.
  public struct Thread: Sendable {
    public var tid: UInt32
    /// Empty if not known.
    public var name: String
    /// The part of its life that the report covers.
    public var from_ns: Int64
    public var to_ns: Int64
    public var times: Times
    /// Longest total first.
    public var reasons: [Reason]
  }

  /// Waits of any threads of a process in one place.
  public struct Wait: Sendable {
    public var reason: WaitReason
    public var count: UInt64
    public var total_ns: UInt64
    public var max_ns: UInt64
    /// Number of threads that waited there.
    public var threads: Int
    /// Innermost first, and no more than ``framesMax``; empty without stacks.
    public var frames: [StackFrame]
    /// What ended the waits, by their total time; no more than ``wakersMax``.
    public var wakers: [Waker]

    public static let framesMax = 64
    public static let wakersMax = 5
  }

  /// What ended waits.
  public struct Waker: Sendable {
    /// `thread`, `soft interrupt`, `interrupt` or `unknown`.
    public var context: String
    /// The thread; for an interrupt, the one that was interrupted. 0 if not known.
    public var tid: UInt32
    /// Its process; 0 for a program whose events are not in the trace.
    public var pid: UInt32
    /// Its name; empty if not known.
    public var name: String
    public var count: UInt64
    /// Total time of the waits that it ended.
    public var total_ns: UInt64
    public var frames: [StackFrame]
  }

  /// A single wait.
  public struct LongWait: Sendable {
    public var tid: UInt32
    public var name: String
    public var start_ns: Int64
    public var wait_ns: UInt64
    public var reason: WaitReason
  }

  /// A wait whose end is not known.
  public struct Open: Sendable {
    /// Why the end is not known.
    public enum Cause: String, Hashable, Sendable {
      case eventsMissing = "events are missing"
      case processEnded = "the process ended"
      case traceEnded = "the trace ended"
    }

    public var tid: UInt32
    public var name: String
    public var start_ns: Int64
    public var reason: WaitReason
    public var cause: Cause
  }
}
