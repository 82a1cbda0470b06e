/// Identifies a lookup, of an address or of a stack, whose answer may still change.
public struct PendingTicket: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
}

extension LiveSymbolizer {
  /// The result of a lookup.
  public struct Answer: Hashable, Sendable {
    public var resolution: Resolution
    /// The ticket, if the answer may still change, because there is no name yet or the time is
    /// still within the windows.
    public var ticket: PendingTicket?
  }

  /// The result of a lookup of a stack.
  public struct StackLookup {
    public var answer: StackAnswer
    /// The ticket, if the answer for any frame may still change.
    public var ticket: PendingTicket?
  }

  /// An earlier answer for a stack, and the new one.
  public struct ChangedStack {
    public var ticket: PendingTicket
    public var pid: UInt32
    public var timestamp: Int64
    public var former: StackAnswer
    public var answer: StackAnswer

    /// Indices of the frames whose answer has changed.
    public var changedFrames: [Int] {
      answer.resolutions.indices.filter {
        answer.resolutions[$0].differs(from: former.resolutions[$0])
      }
    }
  }

  /// An earlier answer for an address, and the new one.
  public struct ChangedAnswer: Hashable, Sendable {
    public var ticket: PendingTicket
    public var pid: UInt32
    /// The address passed to the lookup.
    public var address: UInt64
    public var timestamp: Int64
    public var former: Resolution
    public var resolution: Resolution
  }

  /// Limits on the kept data.
  public struct Limits: Sendable {
    /// Maximum time (nanoseconds of the trace's time) by which events may arrive later than newer
    /// ones.
    public var holdNanoseconds: Int64 = 1_000_000_000
    /// The time after that during which a returned name may still be corrected by late
    /// announcements of earlier changes; at least the times by which the symbolizer's options let
    /// announcements look back. The name is then final.
    public var correctionNanoseconds: Int64 = 10_000_000_000
    /// Maximum time that a lookup waits for its name.
    public var pendingNanosecondsMax: Int64 = 600_000_000_000
    /// Maximum number of lookups, of an address or of a stack, that wait for names or for their
    /// names to become final. The frames of the different stacks and answers among them are limited
    /// to twice that number. Beyond that, names become final earlier; if that does not suffice, the
    /// oldest lookups are given up.
    public var pendingMax = 1 << 20
    /// How long ended code is kept for late lookups. Older lookups get no name.
    public var historyNanoseconds: Int64 = 10_000_000_000
    /// Maximum number of code rows of all processes. A process that announces more loses its oldest
    /// ones.
    public var versionsMax = 1 << 21
    /// Maximum number of ended processes kept for pending lookups.
    public var endedProcessesMax = 1 << 14

    public init() {}

    /// The time after its settling during which a name may still be corrected.
    func watchNanoseconds(_ options: SymbolizerOptions) -> Int64 {
      max(correctionNanoseconds, lookBackNanoseconds(options))
    }

    /// The part of that time needed for code that is announced late, but before its end.
    func lookBackNanoseconds(_ options: SymbolizerOptions) -> Int64 {
      max(holdNanoseconds, options.slackNanoseconds, options.perfMapSlackNanoseconds)
    }
  }

  /// Statistics of lookups and kept data.
  public struct Statistics: Hashable, Sendable {
    /// Number of pending lookups.
    public var pending = 0
    /// Number of changes of answers after they were returned, counted by frame.
    public var backfilled: UInt64 = 0
    /// Number of lookups that exceeded the time limit, or were given up for others.
    public var expired: UInt64 = 0
    /// Number of code rows, including ended ones.
    public var versions = 0
    /// Number of code rows dropped after they had ended.
    public var forgotten: UInt64 = 0
    /// Number of code rows dropped because of the limit, whether or not they had ended.
    public var displaced: UInt64 = 0
    /// Number of names.
    public var symbols = 0
  }
}
