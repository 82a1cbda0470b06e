/// A process observed by a session.
public struct ProcessRecord: Hashable, Sendable {
  /// The session's number for the process, never reused within the same file.
  public var index: UInt32
  /// Process id in the session's pid namespace.
  public var pid: UInt32
  public var parentPID: UInt32
  public var uid: UInt32
  /// Field 22 of /proc/PID/stat: clock ticks since boot. Identifies the process together with the
  /// pid.
  public var startTime: UInt64
  public var executable: String
  public var arguments: [String]
  /// Ticks at which the process joined the session.
  public var joinTicks: UInt64
  /// Ticks at which the process ended; nil while it runs.
  public var endTicks: UInt64?

  public init(
    index: UInt32 = 0, pid: UInt32, parentPID: UInt32 = 0, uid: UInt32 = 0, startTime: UInt64 = 0,
    executable: String = "", arguments: [String] = [], joinTicks: UInt64 = 0,
    endTicks: UInt64? = nil
  ) {
    self.index = index
    self.pid = pid
    self.parentPID = parentPID
    self.uid = uid
    self.startTime = startTime
    self.executable = executable
    self.arguments = arguments
    self.joinTicks = joinTicks
    self.endTicks = endTicks
  }
}
