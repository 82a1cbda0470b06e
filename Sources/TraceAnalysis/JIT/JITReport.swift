public import TraceEvents

/// Compilations at run time, by process.
public struct JITReport: ProcessReport {
  public var heading: ReportHeading
  public var processes: [Process]

  /// The compilations of one process.
  public struct Process: ReportedProcess {
    public var covered: CoveredProcess
    /// Compilations that the process reported.
    public var compiled = 0
    /// Bytes of machine code of all compilations.
    public var code_bytes: UInt64 = 0
    /// Times of the compilations whose beginning and end are known.
    public var times = DurationSummary()
    public var tiers: [Tier] = []
    /// Compilations of methods that had code before.
    public var recompiled = 0
    /// Recompilations in another tier, most frequent first.
    public var tierChanges: [TierChange] = []
    public var unloaded = 0
    public var unloaded_bytes: UInt64 = 0
    public var moved = 0
    /// Methods whose code was in place before the session.
    public var before = 0
    public var before_bytes: UInt64 = 0
    /// Compilations that began, and whose code was not reported: given up, unfinished, or lost.
    public var withoutCode = 0
    /// The largest amount of code in place at any time, and the last.
    public var peakCode_bytes: UInt64 = 0
    public var lastCode_bytes: UInt64 = 0
    /// Code in place at the end of each of several equal parts of the time.
    public var codeOverTime: [CodeSize] = []
    /// The compilations that took longest, then those of unknown time by the size of their code.
    public var compilations: [Compilation] = []
  }

  /// Compilations of one tier.
  public struct Tier: Hashable, Sendable {
    public var tier: MethodTier
    public var compiled: Int
    public var code_bytes: UInt64
    public var times: DurationSummary
  }

  /// Recompilations from one tier to another.
  public struct TierChange: Hashable, Sendable {
    public var from: MethodTier
    public var to: MethodTier
    public var count: Int
  }

  /// The amount of code in place at a time.
  public struct CodeSize: Hashable, Sendable {
    public var time_ns: Int64
    public var code_bytes: UInt64
  }

  /// A compilation.
  public struct Compilation: Hashable, Sendable {
    public var methodID: UInt64
    /// Namespace, name and signature as in other reports.
    public var method: String
    public var tier: MethodTier
    /// The beginning; where it is not known, the time at which the code was reported.
    public var start_ns: Int64
    /// Nil if not known.
    public var time_ns: UInt64?
    public var code_bytes: UInt64
    /// Bytes of the byte code; nil if not known.
    public var il_bytes: UInt64?
    /// Whether the method had code before.
    public var isAgain: Bool
  }
}
