/// A look-up whose answer may still change.
public struct PendingTicket: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
}

extension LiveSymbolizer {
  /// What a look-up gives.
  public struct Answer: Hashable, Sendable {
    public var resolution: Resolution
    /// Given where the answer may still change: there is no name yet, or the time is not yet behind
    /// the windows.
    public var ticket: PendingTicket?
  }

  /// An answer that was given, and what it is now.
  public struct ChangedAnswer: Hashable, Sendable {
    public var ticket: PendingTicket
    public var pid: UInt32
    /// As it was asked for.
    public var address: UInt64
    public var timestamp: Int64
    public var former: Resolution
    public var resolution: Resolution
  }

  /// Bounds of what is kept.
  public struct Limits: Sendable {
    /// How long (nanoseconds, of the trace's time) events may still come in that are older than
    /// others.
    public var holdNanoseconds: Int64 = 1_000_000_000
    /// How long after that a name that was given may still be corrected, by what is told late and
    /// looks back; what the symbolizer's options let look back is waited for in any case. A name is
    /// final then.
    public var correctionNanoseconds: Int64 = 10_000_000_000
    /// How long a look-up waits for its name.
    public var pendingNanosecondsMax: Int64 = 600_000_000_000
    /// How many look-ups wait, for a name or for their name to be final. Of more, names become
    /// final earlier; when that is not enough, the oldest give way.
    public var pendingMax = 1 << 20
    /// How long code that is gone is remembered for look-ups that come late. Older look-ups get no
    /// name.
    public var historyNanoseconds: Int64 = 10_000_000_000
    /// Pieces of code that are known at once, of all processes. A process that announces more loses
    /// its oldest.
    public var versionsMax = 1 << 21
    /// Processes that are gone and still remembered, for look-ups that wait.
    public var endedProcessesMax = 1 << 14

    public init() {}

    /// How long after its time is settled a name may still be corrected.
    func watchNanoseconds(_ options: SymbolizerOptions) -> Int64 {
      max(correctionNanoseconds, lookBackNanoseconds(options))
    }

    /// How much of that is for code that is told late, but not at its end only.
    func lookBackNanoseconds(_ options: SymbolizerOptions) -> Int64 {
      max(holdNanoseconds, options.slackNanoseconds, options.perfMapSlackNanoseconds)
    }
  }

  /// What was kept, answered and given up.
  public struct Statistics: Hashable, Sendable {
    /// Look-ups that wait now.
    public var pending = 0
    /// Look-ups whose answer changed after it was given.
    public var backfilled: UInt64 = 0
    /// Look-ups that waited longer than the limit, or gave way to others.
    public var expired: UInt64 = 0
    /// Pieces of code that are known now, those that are gone included.
    public var versions = 0
    /// Pieces of code that were forgotten after they had gone.
    public var forgotten: UInt64 = 0
    /// Pieces of code that gave way to others while they lived: more than the limit were announced.
    public var displaced: UInt64 = 0
    /// Names that are known now.
    public var symbols = 0
  }
}
