/// The numbers of a trace's streams. A stream is a source of events whose times ascend, except for
/// small disorder: a ring, or a CPU.
///
///     0x0000_0000  rings, in the order of their creation by a session
///     0x3fff_ffff  unrecorded      losses of events that reached no ring
///     0x4000_0000  cpu(0), …       the kernel's records, by CPU
///     0x4000_fffd  endedCode       code of ended processes, announced in files
///     0x4000_fffe  code            code of running processes, announced in files
///     0x4000_ffff  machine         events of no CPU: the rundown, the session's own events
///     0x4001_0000  imported(0), …  streams of an importer
///     0x7000_0000  counters(0), …  counters of the machine, each of one CPU, disk or process
///
/// - Guarantee: SPEC.md specifies only that streams below 2³⁰ are rings. The other numbers merely
///   distinguish streams; readers attach no meaning to them.
public enum StreamNumbers {
  /// Losses of events that reached no ring.
  public static let unrecorded: UInt32 = firstSource - 1
  /// Code of ended processes, announced in files.
  public static let endedCode: UInt32 = firstSource + 0xfffd
  /// Code of running processes, announced in files.
  public static let code: UInt32 = firstSource + 0xfffe
  /// Events of no CPU: the rundown, the session's own events.
  public static let machine: UInt32 = firstSource + 0xffff

  /// Numbers from this one on are not rings.
  private static let firstSource: UInt32 = 0x4000_0000
  private static let firstImported: UInt32 = 0x4001_0000
  private static let firstCounters: UInt32 = 0x7000_0000

  /// Range of the rings' numbers.
  public static let rings: Range<UInt32> = 0..<unrecorded

  /// Returns the stream of the kernel's records on a CPU; ``machine`` for an invalid CPU number,
  /// below 0 or above 65,532.
  public static func cpu(_ cpu: Int32) -> UInt32 {
    cpu >= 0 && cpu < 0xfffd ? firstSource + UInt32(cpu) : machine
  }

  /// Returns a stream of counters by number, at most 65,535.
  public static func counters(_ number: UInt16) -> UInt32 { firstCounters + UInt32(number) }

  /// Returns an importer's stream by number. The largest numbers share one stream.
  public static func imported(_ number: UInt32) -> UInt32 {
    firstImported + min(number, .max - firstImported)
  }
}

/// The numbers of a trace's processes, which are never reused within the trace.
///
///     0x0000_0000  processes that join a session, in order of joining
///     0x0100_0000  all others, in order of their first record
///     0x7fff_ffff  machine: none; the events concern the whole machine
///     0x8000_0000  those that a session knows from their counters only
///     0x9000_0000  those that a session knows from their runtimes only
///     0xffff_ffff  undefined: of an event whose process the trace does not define
public enum ProcessNumbers {
  /// Lowest number of processes that have not joined a session themselves: those named by the
  /// kernel's records or added by a ``Recorder``.
  public static let firstOther: UInt32 = 0x0100_0000
  /// Lowest number of processes that a session found by the sockets of their runtimes.
  public static let firstForeign: UInt32 = 0x9000_0000
  /// The number in events that concern the whole machine. It has no process and no pid.
  public static let machine: UInt32 = firstCounted - 1
  /// Lowest number of processes that a session found in /proc to record their counters.
  public static let firstCounted: UInt32 = 0x8000_0000
  /// A process that the trace does not define; readers show its id as 0.
  public static let undefined = UInt32.max
}
