/// Waits for locks and for notifications, by process and lock.
public struct ContentionReport: ProcessReport {
  public var heading: ReportHeading
  /// Whether the trace has context switches, which show waits of native code.
  public var hasSwitches: Bool
  public var processes: [Process]

  /// The waits of one process.
  public struct Process: ReportedProcess {
    public var covered: CoveredProcess
    /// Waits for locks that other threads held.
    public var contended = Section()
    /// Waits until another thread gives notice: Java's `Object.wait`, conditions, semaphores, and
    /// futexes whose use is not known. Threads without work wait like this.
    public var notified = Section()
    /// Waits whose end is not known; at most ``openMax``.
    public var open: [Open] = []
    /// Number of such waits, including those that are not in ``open``.
    public var openCount = 0
    /// Ends of waits without a known beginning.
    public var stopsWithoutStart = 0

    public static let openMax = 1000
  }

  /// Waits of one sort.
  public struct Section: Sendable {
    public var waits = DurationSummary()
    /// Longest total first.
    public var locks: [Lock] = []
    /// The longest waits, longest first; at most ``longestMax``.
    public var longest: [Wait] = []

    public static let longestMax = 10
  }

  /// What a wait is for.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The lock of an object, according to the runtime.
    case monitor
    /// A notification of an object, according to the runtime.
    case monitorWait = "monitor wait"
    /// A mutex of native code, measured by the provider Lock.
    case mutex
    /// A read-write lock of native code, measured by the provider Lock.
    case readWriteLock = "rwlock"
    /// A semaphore, measured by the provider Lock.
    case semaphore
    /// A lock of native code, such as a mutex, according to context switches.
    case lock
    /// A condition of native code: a condition variable, a semaphore, a barrier, or a thread's end.
    case condition
    /// Native code waits at a futex(2), it is not known for what.
    case futex

    /// Whether a runtime tells of the lock, by its class and number.
    public var isRuntime: Bool { self == .monitor || self == .monitorWait }

    var isContended: Bool {
      switch self {
      case .monitor, .mutex, .readWriteLock, .lock: true
      case .monitorWait, .semaphore, .condition, .futex: false
      }
    }
  }

  /// A lock; of native code, a place at which threads wait.
  public struct Lock: Sendable {
    public var kind: Kind
    /// The lock's class; empty if not known.
    public var type: String
    /// The runtime's number of the lock, or its address in native code; nil if not known.
    public var id: UInt64?
    public var waits: DurationSummary
    /// Number of threads that waited.
    public var threads: Int
    /// Where threads waited, by total time; at most ``placesMax``, and none without stacks.
    public var places: [Place]
    /// Who held the lock or gave notice, by number of waits; at most ``ownersMax``.
    public var owners: [Owner]

    public static let placesMax = 3
    public static let ownersMax = 3
  }

  /// Waits in one place.
  public struct Place: Sendable {
    public var count: Int
    public var total_ns: UInt64
    /// Innermost first, and no more than 64.
    public var frames: [StackFrame]
  }

  /// A thread that held a lock while others waited, or that ended their waits.
  public struct Owner: Sendable {
    /// 0 if not known.
    public var tid: UInt32
    /// Empty if not known.
    public var name: String
    /// Number of waits for which it is known.
    public var count: Int
    /// Where it was, innermost first; empty if not known.
    public var frames: [StackFrame]
  }

  /// A single wait.
  public struct Wait: Sendable {
    public var kind: Kind
    public var type: String
    public var id: UInt64?
    public var tid: UInt32
    /// Name of the thread; empty if not known.
    public var thread: String
    public var start_ns: Int64
    public var wait_ns: UInt64
    public var frames: [StackFrame]
    /// Nil if not known.
    public var owner: Owner?
  }

  /// A wait whose end is not known.
  public struct Open: Sendable {
    /// Why the end is not known.
    public enum Cause: String, Hashable, Sendable {
      case eventsMissing = "events are missing"
      case threadEnded = "the thread ended"
      case processEnded = "the process ended"
      case traceEnded = "the trace ended"
    }

    public var kind: Kind
    public var type: String
    public var id: UInt64?
    public var tid: UInt32
    public var thread: String
    public var start_ns: Int64
    public var cause: Cause
    public var frames: [StackFrame]
  }
}
