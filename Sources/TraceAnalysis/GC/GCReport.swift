/// Garbage collections by process: pauses, generations, causes, and each collection.
public struct GCReport: Report {
  public var lost: LostEvents
  public var partial: [PartialReason]
  /// Display name of the trace: its path.
  public var trace: String
  /// Number of events in the trace.
  public var events: UInt64
  /// Processes in the order of their ids.
  public var processes: [Process]
  /// Maximum number of collections that a renderer lists for each process; nil for its own choice.
  public var listLimit: Int?

  /// The collections of one process.
  public struct Process: Sendable {
    public var pid: UInt32
    /// Name of the program, without its directory.
    public var name: String
    /// The time that the report covers: of the process, the trace and the selection. Shares and
    /// rates refer to it.
    public var from_ns: Int64
    public var to_ns: Int64
    /// Completed collections that began in that time, in order of their beginnings.
    public var collections: [Collection] = []
    /// Pauses for collections, each counted once.
    public var pauses = DurationSummary()
    public var pauseSource = PauseSource.suspensions
    /// Durations of the suspensions within the pauses, if they are known.
    public var suspensions = DurationSummary()
    /// The longest pauses, longest first.
    public var longestPauses: [Pause] = []
    public var generations: [Group] = []
    public var causes: [Group] = []
    /// Bytes according to allocation events; nil if there are none.
    public var allocated_bytes: UInt64?
    /// Bytes that collections promoted; nil if no collection reported them.
    public var promoted_bytes: UInt64?
    /// The largest heap before or after a collection; nil if no collection reported its heap.
    public var peakHeap_bytes: UInt64?
    /// Heap after the last collection.
    public var lastHeap_bytes: UInt64?
    public var stalls = DurationSummary()
    /// The longest allocation stalls, longest first.
    public var longestStalls: [Stall] = []
    /// Beginnings whose end is not known.
    public var open: [Open] = []
    /// Numbers of collections and suspensions that end without a known beginning.
    public var collectionsWithoutStart = 0
    public var suspensionsWithoutStart = 0

    /// Length of the time that the report covers.
    public var span_ns: UInt64 { UInt64(clamping: to_ns.subtractingClamped(from_ns)) }

    /// Share of the time for which the program was paused, from 0 to 100; nil without any time.
    public var paused_percent: Double? {
      span_ns == 0 ? nil : Double(pauses.total_ns) / Double(span_ns) * 100
    }

    /// Bytes allocated per second; nil if not known.
    public var allocated_bytes_per_s: Double? {
      guard let allocated_bytes, span_ns > 0 else { return nil }
      return Double(allocated_bytes) / (Double(span_ns) / 1e9)
    }
  }

  /// The events that delimit pauses.
  public enum PauseSource: String, Hashable, Sendable {
    /// From GCSuspendBegin to GCRestartEnd.
    case suspensions
    /// The runtime reports no suspensions: a pause is a collection that is not in the background.
    case collections
  }
}

extension Int64 {
  /// Returns the difference, or the bound that it exceeds.
  func subtractingClamped(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (self < other ? .min : .max) : difference
  }
}
