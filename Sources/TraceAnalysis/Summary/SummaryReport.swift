/// One page over a trace: the most important numbers of the other reports, what is unusual first.
public struct SummaryReport: Report {
  public var lost: LostEvents
  public var partial: [PartialReason]
  /// Display name of the trace: its path.
  public var trace: String
  /// Number of events in the trace, and the time from the first to the last.
  public var events: UInt64
  public var duration_ns: UInt64
  /// What is unusual, then the rest, each in the order of the reports.
  public var topics: [Topic]

  /// What a line is about.
  public enum Kind: Hashable, Sendable {
    /// Lost events, and their share of all events.
    case losses
    /// The trace is incomplete.
    case partial
    /// A number of the machine or a process that stands out.
    case system(SystemReport.Finding)
    /// A process's pauses: time, share, number, and the longest.
    case collections
    /// Waits of threads for memory: time and number.
    case stalls
    /// Exceptions of a process: number, and the most frequent type.
    case exceptions
    /// Requests of a process: number, total time, and the longest with its name.
    case requests
    /// Threads of a process: number, the time in which they waited for a CPU, its share of the time
    /// in which they had work, and the most frequent reason of their other waits.
    case threads
    /// Waits of a process for locks: number, time, the longest, and the lock with the longest time.
    case contention
    /// Bytes that a process allocated, and the most frequent type.
    case allocations
    /// Compilations: number and time.
    case compilations
    /// Functions by their own CPU time, and their share of all samples.
    case function

    /// The command that shows more.
    public var command: String {
      switch self {
      case .losses: "info"
      case .partial: "verify"
      case .system(let finding): finding.kind == .cpu ? "stacks" : "system"
      case .collections, .stalls: "gc"
      case .exceptions: "exceptions"
      case .requests: "requests"
      case .threads: "threads"
      case .contention: "contention"
      case .allocations: "allocations"
      case .compilations: "jit"
      case .function: "stacks"
      }
    }
  }

  /// A line.
  public struct Topic: Hashable, Sendable {
    public var kind: Kind
    public var isUnusual: Bool
    /// The process, cgroup or function; nil for the machine and the trace.
    public var subject: String?
    public var pid: UInt32?
    public var count: UInt64?
    public var percent: Double?
    public var amount_ns: UInt64?
    public var max_ns: UInt64?
    /// Number per second.
    public var rate: Double?
    /// The most frequent thing of its kind, such as a type of exception.
    public var most: String?

    /// Whether it is about processes, and not about the machine or the trace.
    var isOfProcesses: Bool { pid != nil || kind == .function }
  }
}
