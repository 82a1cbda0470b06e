/// What the machine and the traced processes did over time, from counters.
///
/// An amount is the sum of the increases between consecutive readings within the selected time. A
/// counter that went backwards counts as not increased.
public struct SystemReport: Report {
  public var lost: LostEvents
  public var partial: [PartialReason]
  /// Display name of the trace: its path.
  public var trace: String
  /// Number of events in the trace.
  public var events: UInt64
  /// From the first reading to the last one.
  public var from_ns: Int64
  public var to_ns: Int64
  /// The session's interval; 0 if not known.
  public var interval_ns: UInt64
  /// Memory and swap of the machine.
  public var memory_bytes: UInt64
  public var swap_bytes: UInt64
  /// What the session left out, in sentences.
  public var note: String
  /// The whole time.
  public var total: MachineUsage
  /// The parts of the time, in order.
  public var rows: [MachineUsage]
  public var cpus: [CPU]
  public var disks: [Disk]
  public var networks: [Network]
  /// Processes in the order of their CPU time, longest first.
  public var processes: [Process]
  /// Cgroups of the processes, by number.
  public var cpuCgroups: [CPUCgroup]
  public var memoryCgroups: [MemoryCgroup]
  /// What the numbers show, most important first.
  public var findings: [Finding]
  /// Maximum number of rows, and of processes, that a renderer lists; nil for its own choice.
  public var listLimit: Int?
  /// Whether a text shows the parts of the time.
  public var showsRows: Bool

  /// Length of the time that the report covers.
  public var span_ns: UInt64 { UInt64(clamping: to_ns.subtractingClamped(from_ns)) }
}

extension SystemReport {
  /// How CPUs spent their time.
  public struct CPUTimes: Hashable, Sendable {
    public var user_ns: UInt64 = 0
    public var nice_ns: UInt64 = 0
    public var system_ns: UInt64 = 0
    public var idle_ns: UInt64 = 0
    public var iowait_ns: UInt64 = 0
    public var irq_ns: UInt64 = 0
    public var softirq_ns: UInt64 = 0
    public var steal_ns: UInt64 = 0

    /// Sum of all.
    public var all_ns: UInt64 {
      [user_ns, nice_ns, system_ns, idle_ns, iowait_ns, irq_ns, softirq_ns, steal_ns]
        .reduce(0) { $0.addingClamped($1) }
    }

    /// Time in which a CPU ran something of this machine.
    public var busy_ns: UInt64 {
      [user_ns, nice_ns, system_ns, irq_ns, softirq_ns].reduce(0) { $0.addingClamped($1) }
    }
  }

  /// The whole machine in a part of the time.
  public struct MachineUsage: Hashable, Sendable {
    public var from_ns: Int64
    public var to_ns: Int64
    /// Sum over all CPUs.
    public var cpu = CPUTimes()
    public var contextSwitches: UInt64 = 0
    public var interrupts: UInt64 = 0
    public var forks: UInt64 = 0
    /// Number of readings, and the sum and the maximum of the threads that ran or waited for a CPU.
    public var readings: UInt64 = 0
    public var running: UInt64 = 0
    public var runningMax: UInt32 = 0
    /// Maximum of the threads that waited for a disk.
    public var blockedMax: UInt32 = 0
    /// Minimum of the available memory, and maxima; nil without a reading.
    public var available_bytes: UInt64?
    public var cached_bytes: UInt64 = 0
    public var dirty_bytes: UInt64 = 0
    public var swapUsed_bytes: UInt64 = 0
    /// Pressure; nil where the kernel does not measure it.
    public var pressure: Pressure?

    /// Mean number of threads that ran or waited for a CPU; nil without a reading.
    public var running_mean: Double? {
      readings == 0 ? nil : Double(running) / Double(readings)
    }
  }

  /// Time for which some threads, or all that were not idle, were held up.
  public struct Pressure: Hashable, Sendable {
    public var cpuSome_ns: UInt64 = 0
    public var memorySome_ns: UInt64 = 0
    public var memoryFull_ns: UInt64 = 0
    public var ioSome_ns: UInt64 = 0
    public var ioFull_ns: UInt64 = 0
  }

  /// One CPU.
  public struct CPU: Hashable, Sendable {
    public var cpu: UInt16
    public var times: CPUTimes
  }

  /// One disk.
  public struct Disk: Hashable, Sendable {
    public var name: String
    public var reads: UInt64 = 0
    public var read_bytes: UInt64 = 0
    public var writes: UInt64 = 0
    public var written_bytes: UInt64 = 0
    /// Time with at least one request, and the sum of the requests' times.
    public var busy_ns: UInt64 = 0
    public var waited_ns: UInt64 = 0
  }

  /// One network interface.
  public struct Network: Hashable, Sendable {
    public var name: String
    public var received_bytes: UInt64 = 0
    public var receivedPackets: UInt64 = 0
    public var sent_bytes: UInt64 = 0
    public var sentPackets: UInt64 = 0
    /// Errors of both directions, and dropped packets.
    public var errors: UInt64 = 0
    public var drops: UInt64 = 0
  }
}
