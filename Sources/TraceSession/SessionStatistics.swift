public import TraceFormat

/// A session's statistics at one moment.
public struct SessionStatistics: Hashable, Sendable {
  public var elapsed: Duration = .zero
  /// Number of events read from the buffers and written.
  public var events: UInt64 = 0
  /// Size of the file in bytes.
  public var bytes: UInt64 = 0
  public var lost: [LossCause: UInt64] = [:]
  /// Whether the number of losses is known; false if a process has overwritten the loss counters,
  /// so that there may be more than ``lost``.
  public var lossesAreKnown = true
  /// Number of processes that can emit to the session now, and of all that ever could.
  public var processes = 0
  public var processesSeen = 0
  /// Number of connections refused because of the session's limits.
  public var connectionsRefused: UInt64 = 0
  /// The error that stopped writing, such as a full disk.
  public var failure: FormatError?
  /// Number of events that readers of live traces missed because they were too slow.
  public var liveEventsDropped: UInt64 = 0

  public init() {}

  public var lostInAll: UInt64 { lost.values.reduce(0) { $0.addingClamped($1) } }
}

/// A process that has connected to a session.
public struct TracedProcess: Hashable, Sendable {
  /// The pid in the session's pid namespace; the pid that the process states if that namespace does
  /// not show it.
  public var pid: UInt32
  public var uid: UInt32
  public var executable: String
  public var arguments: [String]
  /// The session's number of the process; nil until something of it is enabled.
  public var index: UInt32?
  public var isRunning: Bool
  /// Names of the announced providers.
  public var providers: [String]
  /// Problems with the process, as sentences; usually empty.
  public var problems: [String]
  /// Whether the connection was ended: by the session, because the process exceeded a limit,
  /// violated the protocol, or could not get buffers; or by the process, because it refused to be
  /// traced. Events emitted afterwards, if any, were not traced.
  public var isCutOff = false
}
