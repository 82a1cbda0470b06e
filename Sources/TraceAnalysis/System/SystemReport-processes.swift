extension SystemReport {
  /// What a process used in a part of the time.
  public struct ProcessUsage: Hashable, Sendable {
    public var from_ns: Int64
    public var to_ns: Int64
    public var cpu_ns: UInt64 = 0
    public var user_ns: UInt64 = 0
    public var system_ns: UInt64 = 0
    /// Time for which threads were ready but waited for a CPU.
    public var waited_ns: UInt64 = 0
    public var minorFaults: UInt64 = 0
    public var majorFaults: UInt64 = 0
    public var voluntarySwitches: UInt64 = 0
    public var involuntarySwitches: UInt64 = 0
    public var read_bytes: UInt64 = 0
    public var written_bytes: UInt64 = 0
    /// Maxima of memory in RAM, without and with the division of shared memory; the latter is nil
    /// if it was not measured.
    public var resident_bytes: UInt64 = 0
    public var proportional_bytes: UInt64?
    /// Maximum numbers of threads, and of those whose waits and switches were not counted.
    public var threads: UInt32 = 0
    public var uncountedThreads: UInt32 = 0

    /// Length of the time.
    public var span_ns: UInt64 { UInt64(clamping: to_ns.subtractingClamped(from_ns)) }

    /// Bytes read from and written to disks.
    public var disk_bytes: UInt64 { read_bytes.addingClamped(written_bytes) }

    /// CPU time as a percentage of the time: 200 for two CPUs; nil for no time.
    public var cpu_percent: Double? {
      span_ns == 0 ? nil : Double(cpu_ns) / Double(span_ns) * 100
    }
  }

  /// A traced process.
  public struct Process: Hashable, Sendable {
    public var pid: UInt32
    /// Name of the program, without its directory.
    public var name: String
    /// The whole time, and its parts in order.
    public var total: ProcessUsage
    public var rows: [ProcessUsage]
    /// The numbers of its cgroups at the end; nil for none.
    public var cpuCgroup: UInt32?
    public var memoryCgroup: UInt32?
  }

  /// CPU time of a cgroup.
  public struct CPUCgroup: Hashable, Sendable {
    public var number: UInt32
    public var path: String
    public var usage_ns: UInt64 = 0
    public var periods: UInt64 = 0
    public var throttledPeriods: UInt64 = 0
    public var throttled_ns: UInt64 = 0
    /// CPU time that it may use per second at the end; nil without a limit.
    public var quota_us_per_s: UInt64?

    /// Share of the periods in which it was throttled; nil without periods.
    public var throttled_percent: Double? {
      periods == 0 ? nil : Double(throttledPeriods) / Double(periods) * 100
    }
  }

  /// Memory of a cgroup.
  public struct MemoryCgroup: Hashable, Sendable {
    public var number: UInt32
    public var path: String
    /// The maximum.
    public var usage_bytes: UInt64 = 0
    /// Nil without a limit.
    public var limit_bytes: UInt64?
    public var highEvents: UInt64 = 0
    public var limitEvents: UInt64 = 0
    public var killed: UInt64 = 0
  }

  /// A number that explains why programs were slow.
  public struct Finding: Hashable, Sendable {
    /// What the number is.
    public enum Kind: String, Hashable, Sendable {
      /// Share of the CPU time that the hypervisor gave to other machines.
      case steal
      /// Share of a cgroup's periods in which it was throttled, and the time.
      case throttled
      /// Share of a process's running and being ready that was not running, and the time: CPUs were
      /// taken, or a limit was met.
      case waited
      /// Share of the time in which some thread of the machine waited for a CPU, memory or a disk.
      case cpuPressure = "cpu pressure"
      case memoryPressure = "memory pressure"
      case ioPressure = "io pressure"
      /// Share of the CPU time that was idle while a thread waited for a disk.
      case iowait
      /// Page faults of a process that read from a disk.
      case majorFaults = "major faults"
      /// Processes of a cgroup that were killed for lack of memory.
      case killed
      /// How often a cgroup was held up at its memory limits.
      case memoryLimit = "memory limit"
      /// CPU time of a process as a share of one CPU.
      case cpu
    }

    public var kind: Kind
    /// The process or cgroup; nil for the machine.
    public var subject: String?
    public var pid: UInt32?
    public var percent: Double?
    public var amount_ns: UInt64?
    public var count: UInt64?
  }
}
