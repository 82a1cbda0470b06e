/// The heap of programs: what was in use and what was allocated, by process, type and stack,
/// according to HeapAlloc and HeapFree.
///
/// All bytes and objects are unbiased estimates from samples. The report's time is the selected
/// one, or the whole trace; "in use" is at its end, and "grown" since its beginning.
public struct HeapReport: ProcessReport {
  public var heading: ReportHeading
  public var processes: [Process]
  /// Whether places are ranked by their growth instead of what is in use.
  public var ranksGrowth = false

  /// The heap of one process.
  public struct Process: ReportedProcess {
    public var covered: CoveredProcess
    /// Mean number of bytes between samples; 0 if not known.
    public var interval_bytes: UInt64 = 0
    /// Number of samples that the program could not record.
    public var dropped: UInt64 = 0
    /// Number of samples whose end the program could not record: they seem to be in use.
    public var unreported: UInt64 = 0
    public var totals = Usage()
    /// By bytes in use, most first.
    public var types: [TypeRow] = []
    /// The places of allocation: by bytes in use, or by growth times likelihood of a leak.
    public var places: [Place] = []
    /// Number of different places, of which ``places`` may be the first.
    public var placeCount = 0
  }

  /// Estimates from a number of samples.
  public struct Amount: Hashable, Sendable {
    /// Number of samples.
    public var samples: UInt64 = 0
    public var bytes: Double = 0
    public var objects: Double = 0
  }

  /// What a process, a type or a place used.
  public struct Usage: Hashable, Sendable {
    /// At the end of the report's time.
    public var inUse = Amount()
    /// At its beginning.
    public var before = Amount()
    /// Allocated in the time.
    public var allocated = Amount()
    /// What was allocated in the time and freed in it.
    public var freed = Amount()

    /// Bytes by which the use grew; less than 0 if it shrank.
    public var growth_bytes: Double { inUse.bytes - before.bytes }
    /// Objects by which the use grew.
    public var growth_objects: Double { inUse.objects - before.objects }
    /// Which share of the allocated bytes was freed, from 0 to 1.
    public var freedShare: Double {
      allocated.bytes > 0 ? min(max(freed.bytes / allocated.bytes, 0), 1) : 0
    }
  }

  /// The objects of one type.
  public struct TypeRow: Sendable {
    /// Empty if not known.
    public var type: String
    public var usage: Usage
  }

  /// The objects of one type allocated at one place.
  public struct Place: Sendable {
    public var type: String
    /// The innermost frames first; empty without stacks.
    public var frames: [StackFrame]
    public var usage: Usage
    /// Whether the use grew along a straight line: 1, or in a single step: 0.
    public var steadiness: Double = 0
    /// How likely the growth is a leak, from 0 to 1: the steadiness, times the share that was not
    /// freed, and less with few samples.
    public var likelihood: Double = 0
    /// Age of the oldest object in use.
    public var oldest_ns: UInt64 = 0
    /// Mean lifetime of the objects that were freed in the time; nil if there are none.
    public var meanLifetime_ns: UInt64?
  }
}
