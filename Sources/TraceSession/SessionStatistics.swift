public import TraceFormat

/// A session's figures at one moment.
public struct SessionStatistics: Hashable, Sendable {
  public var elapsed: Duration = .zero
  /// Events taken out of the buffers and written.
  public var events: UInt64 = 0
  /// Bytes of the file.
  public var bytes: UInt64 = 0
  public var lost: [LossCause: UInt64] = [:]
  /// False when a process has overwritten the counters of losses: there may be more than ``lost``.
  public var lossesAreKnown = true
  /// Processes that may emit to the session now, and that ever could.
  public var processes = 0
  public var processesSeen = 0
  /// Connections of processes that would have made the session keep too much.
  public var connectionsRefused: UInt64 = 0
  /// What ended the writing of the file: disk full, for one.
  public var failure: FormatError?
  /// Events of live traces that their readers were too slow for.
  public var liveEventsDropped: UInt64 = 0

  public init() {}

  public var lostInAll: UInt64 { lost.values.reduce(0) { $0.addingClamped($1) } }
}

/// A process that a session has met.
public struct TracedProcess: Hashable, Sendable {
  /// As the session's pid namespace shows it; what the process says where that shows nothing.
  public var pid: UInt32
  public var uid: UInt32
  public var executable: String
  public var arguments: [String]
  /// The session's number for it, once something of it is wanted.
  public var index: UInt32?
  public var isRunning: Bool
  /// Names of the providers that it has announced.
  public var providers: [String]
  /// What was wrong with it, in sentences; empty for nearly all.
  public var problems: [String]
  /// The session has ended its connection, because it would have made the session keep too much,
  /// has broken the protocol, or could not be given buffers; or the process has refused to be
  /// traced. What it emitted afterwards was not traced, perhaps nothing.
  public var isCutOff = false
}
