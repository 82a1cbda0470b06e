/// Requests and other activities that have a start and a stop event: how many, how long, and what
/// the slowest did.
public struct RequestReport: ProcessReport {
  public var heading: ReportHeading
  public var processes: [Process]

  /// The requests of one process.
  public struct Process: ReportedProcess {
    public var covered: CoveredProcess
    /// Groups in the order of their total time, longest first.
    public var groups: [Group] = []
    /// The slowest requests, slowest first.
    public var slowest: [Request] = []
    /// Requests whose end is not known, in the order of their beginnings; at most ``openMax``.
    public var open: [Open] = []
    /// Number of requests whose end is not known.
    public var openCount = 0
    /// Number of stop events without a known start.
    public var stopsWithoutStart = 0

    /// Maximum number of open requests that are listed.
    public static let openMax = 1000
  }

  /// Requests with the same name.
  public struct Group: Hashable, Sendable {
    public var provider: String
    /// The start event's name without its ending.
    public var activity: String
    /// Text of the field that names the activity; "" without such a field.
    public var name: String
    public var durations: DurationSummary

    /// The name of the group that holds what exceeds the report's limit of groups.
    static let others = "(others)"
  }

  /// A completed request.
  public struct Request: Hashable, Sendable {
    public var provider: String
    public var activity: String
    public var name: String
    /// Value that identifies the activity, as text.
    public var id: String
    public var start_ns: Int64
    public var duration_ns: UInt64
    /// The thread of the start event and that of the stop event.
    public var startThread: UInt32
    public var stopThread: UInt32
    public var split = Split()

    /// The W3C trace context, if the id is one.
    public var context: TraceContext? { TraceContext(id) }
  }

  /// What happened during a request.
  public struct Split: Hashable, Sendable {
    /// CPU time of its thread by samples; nil without samples, or if the threads of start and stop
    /// differ.
    public var cpu_ns: UInt64?
    /// What its thread did, according to context switches; nil without them, if some may be
    /// missing, or if the threads of start and stop differ.
    public var states: States?
    /// Time in which the process was paused for garbage collections; nil if the trace has no
    /// collections of the process.
    public var gcPause_ns: UInt64?
    /// Events of its thread in that time, most frequent first; the start and the stop are not
    /// counted. Empty if the threads of start and stop differ.
    public var events: [EventCount] = []
  }

  /// Times of a request's thread. They add up to the request's duration.
  public struct States: Hashable, Sendable {
    /// It had a CPU.
    public var running_ns: UInt64
    /// It was ready, but waited for a CPU. Without wake-ups, only after it lost the CPU.
    public var runnable_ns: UInt64
    public var blocked_ns: UInt64
  }

  /// Number of events of a type.
  public struct EventCount: Hashable, Sendable {
    /// Provider and name: `Runtime.ExceptionThrown`.
    public var event: String
    public var count: UInt64
  }

  /// A request whose end is not known.
  public struct Open: Hashable, Sendable {
    /// Why the end is not known.
    public enum Reason: String, Hashable, Sendable {
      /// Events between the start and a stop are missing.
      case eventsMissing = "events are missing"
      /// Another start event has the same id.
      case startedAgain = "it was started again"
      case processEnded = "the process ended"
      case traceEnded = "the trace ended"
    }

    public var provider: String
    public var activity: String
    public var name: String
    public var id: String
    public var start_ns: Int64
    public var reason: Reason
  }
}
