// Counters of traced processes and their cgroups: keyword Counters (0x40).

/// Counters of the event's process.
///
/// Of a process that began during the session, the first event has the time of its beginning, and
/// all counters are 0.
public struct ProcessCounters: ListedEvent, Hashable {
  /// CPU time of all threads, also of those that have ended, in nanoseconds.
  public var cpu: UInt64 = 0
  /// The same in the program and in the kernel, in units of ``SystemCounters/ticksPerSecond``.
  public var user: UInt64 = 0
  public var system: UInt64 = 0
  /// Time for which threads were ready but waited for a CPU, in nanoseconds; without threads in
  /// ``uncounted``.
  public var waited: UInt64 = 0
  /// Page faults without and with reading from a disk.
  public var minorFaults: UInt64 = 0
  public var majorFaults: UInt64 = 0
  /// Switches to another thread because the thread waited, and because it had to; without threads
  /// in ``uncounted``.
  public var voluntary: UInt64 = 0
  public var involuntary: UInt64 = 0
  /// Bytes read from and written to disks; 0 if the session may not see them.
  public var readBytes: UInt64 = 0
  public var writtenBytes: UInt64 = 0
  /// Memory in RAM, at the moment.
  public var resident: UInt64 = 0
  /// The same, with shared memory divided among its users; 0 if it was not measured this time.
  public var proportional: UInt64 = 0
  /// Number of threads, and of those whose waits and switches are not counted, at the moment.
  public var threads: UInt32 = 0
  public var uncounted: UInt32 = 0
  /// The numbers in ``CgroupCPUCounters`` and ``CgroupMemoryCounters`` of the process's cgroups; 0
  /// if there is none.
  public var cpuCgroup: UInt32 = 0
  public var memoryCgroup: UInt32 = 0

  @inlinable public init() {}

  @inlinable public static var eventID: UInt16 { 106 }
  public static let schema = SystemSchema.event(
    Self.self, "ProcessCounters", SystemSchema.Keyword.counters)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("cpu", \.cpu, hint: .nanoseconds)
    list.field("user", \.user)
    list.field("system", \.system)
    list.field("waited", \.waited, hint: .nanoseconds)
    list.field("minorFaults", \.minorFaults, hint: .count)
    list.field("majorFaults", \.majorFaults, hint: .count)
    list.field("voluntary", \.voluntary, hint: .count)
    list.field("involuntary", \.involuntary, hint: .count)
    list.field("readBytes", \.readBytes, hint: .bytes)
    list.field("writtenBytes", \.writtenBytes, hint: .bytes)
    list.field("resident", \.resident, hint: .bytes)
    list.field("proportional", \.proportional, hint: .bytes)
    list.field("threads", \.threads, hint: .count)
    list.field("uncounted", \.uncounted, hint: .count)
    list.field("cpuCgroup", \.cpuCgroup)
    list.field("memoryCgroup", \.memoryCgroup)
  }
}

/// CPU time and throttling of a cgroup that has traced processes.
public struct CgroupCPUCounters: ListedEvent, Hashable {
  /// The session's number of the cgroup.
  public var number: UInt32
  /// The path in its hierarchy.
  public var path: String
  /// CPU time of all its processes in nanoseconds; 0 if not known.
  public var usage: UInt64 = 0
  /// Periods in which it had something to run, and those in which it used up its quota.
  public var periods: UInt64 = 0
  public var throttledPeriods: UInt64 = 0
  /// Sum over the CPUs of the times for which it was kept from running, in nanoseconds.
  public var throttled: UInt64 = 0
  /// The CPU time that it may use per second, in microseconds; 0 without a limit.
  public var quota: UInt64 = 0

  @inlinable public init(number: UInt32, path: String) {
    self.number = number
    self.path = path
  }

  @inlinable public init() { self.init(number: 0, path: "") }

  @inlinable public static var eventID: UInt16 { 107 }
  public static let schema = SystemSchema.event(
    Self.self, "CgroupCPUCounters", SystemSchema.Keyword.counters)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("number", \.number)
    list.field("path", osString: \.path)
    list.field("usage", \.usage, hint: .nanoseconds)
    list.field("periods", \.periods, hint: .count)
    list.field("throttledPeriods", \.throttledPeriods, hint: .count)
    list.field("throttled", \.throttled, hint: .nanoseconds)
    list.field("quota", \.quota, hint: .microseconds)
  }
}

/// Memory of a cgroup that has traced processes.
public struct CgroupMemoryCounters: ListedEvent, Hashable {
  /// The session's number of the cgroup.
  public var number: UInt32
  /// The path in its hierarchy.
  public var path: String
  /// Memory in use, at the moment, and the limit; 0 without a limit.
  public var usage: UInt64 = 0
  public var limit: UInt64 = 0
  /// How often its processes were slowed down at memory.high; always 0 with cgroup v1.
  public var highEvents: UInt64 = 0
  /// How often the limit was reached.
  public var limitEvents: UInt64 = 0
  /// Processes killed for lack of memory.
  public var killed: UInt64 = 0

  @inlinable public init(number: UInt32, path: String) {
    self.number = number
    self.path = path
  }

  @inlinable public init() { self.init(number: 0, path: "") }

  @inlinable public static var eventID: UInt16 { 108 }
  public static let schema = SystemSchema.event(
    Self.self, "CgroupMemoryCounters", SystemSchema.Keyword.counters)

  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("number", \.number)
    list.field("path", osString: \.path)
    list.field("usage", \.usage, hint: .bytes)
    list.field("limit", \.limit, hint: .bytes)
    list.field("highEvents", \.highEvents, hint: .count)
    list.field("limitEvents", \.limitEvents, hint: .count)
    list.field("killed", \.killed, hint: .count)
  }
}
