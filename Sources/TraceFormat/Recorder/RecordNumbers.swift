/// The numbers of a trace's streams. A stream is a source of events whose times ascend, but for
/// small disorder: a ring, or a CPU.
///
///     0x0000_0000  rings, in the order in which a session makes them
///     0x3fff_ffff  unrecorded      losses of events that reached no ring
///     0x4000_0000  cpu(0), …       what the kernel records on each CPU
///     0x4000_fffd  endedCode       code of processes that have ended, announced in files
///     0x4000_fffe  code            code of processes that run, announced in files
///     0x4000_ffff  machine         what no CPU made: the rundown, the session's own events
///     0x4001_0000  imported(0), …  an importer's
///
/// - Guarantee: SPEC.md fixes only 2³⁰, below which a stream is a ring. The other numbers keep
///   streams apart; readers give them no meaning.
public enum StreamNumbers {
  /// Losses of events that reached no ring.
  public static let unrecorded: UInt32 = firstSource - 1
  /// Code of processes that have ended, announced in files.
  public static let endedCode: UInt32 = firstSource + 0xfffd
  /// Code of processes that run, announced in files.
  public static let code: UInt32 = firstSource + 0xfffe
  /// What no CPU made: the rundown, the session's own events.
  public static let machine: UInt32 = firstSource + 0xffff

  /// Numbers from here are not rings.
  private static let firstSource: UInt32 = 0x4000_0000
  private static let firstImported: UInt32 = 0x4001_0000

  /// The numbers that rings may have.
  public static let rings: Range<UInt32> = 0..<unrecorded

  /// What the kernel records on a CPU. ``machine`` for a number that no CPU has: one below 0 or
  /// above 65,532.
  public static func cpu(_ cpu: Int32) -> UInt32 {
    cpu >= 0 && cpu < 0xfffd ? firstSource + UInt32(cpu) : machine
  }

  /// An importer's stream of this number; the largest numbers share one.
  public static func imported(_ number: UInt32) -> UInt32 {
    firstImported + min(number, .max - firstImported)
  }
}

/// The numbers of a trace's processes, one each, which no other process of the trace gets.
///
///     0x0000_0000  processes that join a session, in order
///     0x0100_0000  all others, in the order in which they are first recorded
public enum ProcessNumbers {
  /// Numbers from here belong to processes that have not joined a session themselves: the kernel's
  /// records name them, or a ``Recorder`` adds them.
  public static let firstOther: UInt32 = 0x0100_0000
}
