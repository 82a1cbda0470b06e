public import TraceFormat

/// A look-up whose answer may still change.
public struct PendingTicket: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Names for the addresses of a trace while it comes: answers at once, and says so when a name
/// comes later.
///
///     let names = LiveSymbolizer(live.file)
///     names.subscribe(to: live.replay)      // before your own handlers
///     names.onBackfill = { ticket, resolution in … }
///     live.replay.on(SampledProfile.self) { event, header in
///       let answer = names.resolve(pid: header.pid, address: …, at: header.timestamp, …)
///     }
///
/// - Guarantee: exactly the look-ups that lie inside a symbol's lifetime are told of it.
/// - Cost: memory is bounded however long it runs: code that was gone before the window is
///   forgotten, and so are look-ups that waited too long; ``statistics`` counts them.
/// - Trap: streams of a trace are not in order with each other; an answer is final once the hold
///   window has passed, so events that are shown at once may be corrected.
public final class LiveSymbolizer {
  /// What a look-up gives.
  public struct Answer: Hashable, Sendable {
    public var resolution: Resolution
    /// Given where the answer may still change: there is no name yet, or the time is not yet behind
    /// the hold window.
    public var ticket: PendingTicket?
  }

  /// Bounds of what is kept.
  public struct Limits: Sendable {
    /// How long (nanoseconds, of the trace's time) events may still come in that are older than
    /// others: an answer for a time that long ago is final if it is a name.
    public var holdNanoseconds: Int64 = 1_000_000_000
    /// How long a look-up waits for its name.
    public var pendingNanosecondsMax: Int64 = 600_000_000_000
    /// How many look-ups wait; the oldest give way.
    public var pendingMax = 1 << 18
    /// How long code that is gone is remembered for look-ups that come late.
    public var historyNanoseconds: Int64 = 10_000_000_000

    public init() {}
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
  }

  public let options: SymbolizerOptions
  public let limits: Limits
  /// Called when an answer changes, with the ticket that came with it.
  public var onBackfill: ((PendingTicket, Resolution) -> Void)?
  public private(set) var statistics = Statistics()
  private var symbols: [CodeSymbol] = []
  private var modules: [CodeModule] = []

  public init(
    _ file: TraceFile, options: SymbolizerOptions = .init(), limits: Limits = .init()
  ) {
    self.options = options
    self.limits = limits
  }

  /// Learns from a replay's events as they are handed out. Before the handlers that ask.
  public func subscribe(to replay: Replay) {}

  /// As ``Symbolizer/resolve(pid:address:at:isCaller:)``, by what is known so far.
  public func resolve(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> Answer {
    Answer(resolution: .unresolved(.neverAnnounced, module: nil), ticket: nil)
  }

  /// Nobody waits for this answer any more.
  public func cancel(_ ticket: PendingTicket) {}

  /// Says how far the trace's time has come, where no events tell.
  public func advance(to timestamp: Int64) {}

  /// A symbol that an answer named.
  public func symbol(_ id: SymbolID) -> CodeSymbol { symbols[Int(id.rawValue)] }

  /// A module that an answer or a symbol named.
  public func module(_ id: ModuleID) -> CodeModule { modules[Int(id.rawValue)] }
}
