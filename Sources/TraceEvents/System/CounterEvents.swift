// Counters of the machine, read at intervals: keyword Counters (0x40). Counters only grow, except
// where they are said to be amounts of the moment. A difference of two events is a rate.

extension SystemSchema {
  static let counterEventTypes: [any TraceEvent.Type] = [
    SystemCounters.self, CPUCounters.self, MachineCounters.self, PressureCounters.self,
    DiskCounters.self, NetworkCounters.self, ProcessCounters.self, CgroupCPUCounters.self,
    CgroupMemoryCounters.self,
  ]
}

/// How the session reads counters. Written at the start, and at the end with what was left out.
public struct SystemCounters: ListedEvent, Hashable {
  /// Time between two readings in nanoseconds.
  public var interval: UInt64
  /// Units per second of the times in ``CPUCounters``.
  public var ticksPerSecond: UInt32
  /// Memory and swap of the machine in bytes.
  public var memory: UInt64
  public var swap: UInt64
  /// What the kernel lacks and what was left out, in sentences.
  public var note: String

  @inlinable
  public init(
    interval: UInt64, ticksPerSecond: UInt32, memory: UInt64 = 0, swap: UInt64 = 0,
    note: String = ""
  ) {
    self.interval = interval
    self.ticksPerSecond = ticksPerSecond
    self.memory = memory
    self.swap = swap
    self.note = note
  }

  @inlinable public init() { self.init(interval: 0, ticksPerSecond: 0) }

  @inlinable public static var eventID: UInt16 { 100 }
  public static let schema = SystemSchema.event(
    Self.self, "SystemCounters", SystemSchema.Keyword.counters)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("interval", \.interval, hint: .nanoseconds)
    list.field("ticksPerSecond", \.ticksPerSecond)
    list.field("memory", \.memory, hint: .bytes)
    list.field("swap", \.swap, hint: .bytes)
    list.field("note", \.note)
  }
}

/// How the event's CPU has spent its time since the machine started, in units of
/// ``SystemCounters/ticksPerSecond``.
public struct CPUCounters: ListedEvent, Hashable {
  public var user: UInt64 = 0
  public var nice: UInt64 = 0
  public var system: UInt64 = 0
  public var idle: UInt64 = 0
  /// Idle while a thread that last ran on the CPU waited for a disk.
  public var iowait: UInt64 = 0
  public var irq: UInt64 = 0
  public var softirq: UInt64 = 0
  /// A thread was ready, but the hypervisor ran another machine.
  public var steal: UInt64 = 0

  @inlinable public init() {}

  @inlinable public static var eventID: UInt16 { 101 }
  public static let schema = SystemSchema.event(
    Self.self, "CPUCounters", SystemSchema.Keyword.counters)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("user", \.user)
    list.field("nice", \.nice)
    list.field("system", \.system)
    list.field("idle", \.idle)
    list.field("iowait", \.iowait)
    list.field("irq", \.irq)
    list.field("softirq", \.softirq)
    list.field("steal", \.steal)
  }
}

/// Counters of the whole machine.
public struct MachineCounters: ListedEvent, Hashable {
  public var contextSwitches: UInt64 = 0
  public var interrupts: UInt64 = 0
  /// Processes and threads started.
  public var forks: UInt64 = 0
  /// Threads that run or wait for a CPU, at the moment; the reading thread is one.
  public var running: UInt32 = 0
  /// Threads that wait for a disk, at the moment.
  public var blocked: UInt32 = 0
  /// The load average of a minute, in hundredths.
  public var load: UInt32 = 0
  /// Memory, at the moment: what programs can have without swapping, the page cache, what is to be
  /// written to disks, and free swap.
  public var available: UInt64 = 0
  public var cached: UInt64 = 0
  public var dirty: UInt64 = 0
  public var swapFree: UInt64 = 0

  @inlinable public init() {}

  @inlinable public static var eventID: UInt16 { 102 }
  public static let schema = SystemSchema.event(
    Self.self, "MachineCounters", SystemSchema.Keyword.counters)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("contextSwitches", \.contextSwitches, hint: .count)
    list.field("interrupts", \.interrupts, hint: .count)
    list.field("forks", \.forks, hint: .count)
    list.field("running", \.running, hint: .count)
    list.field("blocked", \.blocked, hint: .count)
    list.field("load", \.load)
    list.field("available", \.available, hint: .bytes)
    list.field("cached", \.cached, hint: .bytes)
    list.field("dirty", \.dirty, hint: .bytes)
    list.field("swapFree", \.swapFree, hint: .bytes)
  }
}

/// Time for which threads were held up because something was scarce (PSI), in microseconds:
/// some thread, or all threads that were not idle. Absent where the kernel does not measure it.
public struct PressureCounters: ListedEvent, Hashable {
  public var cpuSome: UInt64 = 0
  public var memorySome: UInt64 = 0
  public var memoryFull: UInt64 = 0
  public var ioSome: UInt64 = 0
  public var ioFull: UInt64 = 0

  @inlinable public init() {}

  @inlinable public static var eventID: UInt16 { 103 }
  public static let schema = SystemSchema.event(
    Self.self, "PressureCounters", SystemSchema.Keyword.counters)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("cpuSome", \.cpuSome, hint: .microseconds)
    list.field("memorySome", \.memorySome, hint: .microseconds)
    list.field("memoryFull", \.memoryFull, hint: .microseconds)
    list.field("ioSome", \.ioSome, hint: .microseconds)
    list.field("ioFull", \.ioFull, hint: .microseconds)
  }
}
