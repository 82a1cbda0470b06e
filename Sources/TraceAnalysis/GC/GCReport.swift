/// Garbage collections by process: pauses, generations, causes, and each collection.
public struct GCReport: ProcessReport {
  public var heading: ReportHeading
  public var processes: [Process]

  /// The collections of one process.
  public struct Process: ReportedProcess {
    public var covered: CoveredProcess
    /// Completed collections that began in that time, in order of their beginnings.
    public var collections: [Collection] = []
    /// Pauses for collections, each counted once.
    public var pauses = DurationSummary()
    public var pauseSource = PauseSource.suspensions
    /// Durations of the suspensions within the pauses, if they are known.
    public var suspensions = DurationSummary()
    /// The times of all pauses.
    var pauseTimes = PauseTimes()
    /// The longest pauses, longest first.
    public var longestPauses: [Pause] = []
    public var generations: [Group<UInt32>] = []
    public var causes: [Group<Cause>] = []
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

    /// Share of the time for which the program was paused, from 0 to 100; nil without any time.
    public var paused_percent: Double? {
      span_ns == 0 ? nil : Double(pauses.total_ns) / Double(span_ns) * 100
    }

    /// Bytes allocated per second; nil if not known.
    public var allocated_bytes_per_s: Double? {
      allocated_bytes.flatMap(perSecond)
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
