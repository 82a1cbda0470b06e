/// The clock that an event's ticks are read from.
public enum ClockKind: UInt8, Hashable, Sendable {
  /// The processor's invariant counter (x86 TSC, arm64 CNTVCT), mapped to nanoseconds by
  /// ``ClockSync``s.
  case counter = 1
  /// CLOCK_MONOTONIC: ticks are nanoseconds.
  case monotonic = 2
}

/// The session's behavior when a ring was full.
public enum BufferMode: UInt8, Hashable, Sendable {
  /// New events were dropped and counted.
  case discard = 0
  /// The oldest events were overwritten (flight recorder).
  case overwrite = 1
  /// The program waited for room, up to a time limit.
  case block = 2
}

/// Simultaneous readings of three clocks.
public struct ClockSync: Hashable, Sendable {
  public var ticks: UInt64
  /// CLOCK_MONOTONIC.
  public var monotonicNanoseconds: UInt64
  /// CLOCK_REALTIME: nanoseconds since 1970, UTC.
  public var realtimeNanoseconds: UInt64

  public init(ticks: UInt64, monotonicNanoseconds: UInt64, realtimeNanoseconds: UInt64) {
    self.ticks = ticks
    self.monotonicNanoseconds = monotonicNanoseconds
    self.realtimeNanoseconds = realtimeNanoseconds
  }
}

/// The machine on which a trace was recorded.
public struct MachineDescription: Hashable, Sendable {
  public var hostName: String
  /// Name and release as reported by uname: "Linux 6.18.1".
  public var operatingSystem: String
  /// Processor architecture: "x86_64", "aarch64".
  public var architecture: String
  public var cpuCount: UInt32
  public var pageSize: UInt32

  public init(
    hostName: String = "", operatingSystem: String = "", architecture: String = "",
    cpuCount: UInt32 = 0, pageSize: UInt32 = 4096
  ) {
    self.hostName = hostName
    self.operatingSystem = operatingSystem
    self.architecture = architecture
    self.cpuCount = cpuCount
    self.pageSize = pageSize
  }
}

/// A trace file's description of the session that wrote it.
public struct SessionDescription: Hashable, Sendable {
  public var name: String
  public var mode: BufferMode
  public var clock: ClockKind
  /// Nominal rate of the counter, used if fewer than two clock syncs are known. 10⁹ for monotonic.
  public var ticksPerSecond: UInt64
  /// Time zero of the trace.
  public var start: ClockSync
  public var machine: MachineDescription

  public init(
    name: String, mode: BufferMode = .discard, clock: ClockKind, ticksPerSecond: UInt64,
    start: ClockSync, machine: MachineDescription = MachineDescription()
  ) {
    self.name = name
    self.mode = mode
    self.clock = clock
    self.ticksPerSecond = ticksPerSecond
    self.start = start
    self.machine = machine
  }
}
