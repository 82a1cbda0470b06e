/// A process that a session saw.
public struct ProcessRecord: Hashable, Sendable {
  /// The session's number for the process, never used again for another process in the same file.
  public var index: UInt32
  /// As the session's pid namespace shows it.
  public var pid: UInt32
  public var parentPID: UInt32
  public var uid: UInt32
  /// Field 22 of /proc/PID/stat: clock ticks after boot. With the pid it tells processes apart.
  public var startTime: UInt64
  public var executable: String
  public var arguments: [String]
  /// When the process joined the session, in ticks.
  public var joinTicks: UInt64
  /// When it was gone, in ticks; nil while it runs.
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
