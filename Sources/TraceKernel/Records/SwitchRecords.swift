internal import TraceEvents

/// The layouts of the kernel's records of the tracepoints sched_switch and sched_waking, which
/// differ between kernels.
public struct SwitchLayouts: Hashable, Sendable {
  /// A number in a record.
  public struct Field: Hashable, Sendable {
    public var offset: Int
    public var byteCount: Int

    /// Creates the description of a number.
    public init(offset: Int, byteCount: Int) {
      self.offset = offset
      self.byteCount = byteCount
    }

    /// Returns the number; nil if the record is too short for it.
    func value(in record: UnsafeRawBufferPointer) -> UInt64? {
      guard offset >= 0, offset <= record.count, record.count - offset >= byteCount else {
        return nil
      }
      switch byteCount {
      case 1: return UInt64(record[offset])
      case 4: return UInt64(record.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      case 8: return record.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      default: return nil
      }
    }
  }

  /// The state of the thread that stops, in sched_switch.
  public var state: Field?
  /// The thread that is woken, in sched_waking.
  public var wokenThread: Field?
  /// What ran there, in sched_waking.
  public var flags: Field?

  /// Creates layouts from the tracepoints' files named format. An unknown field is nil.
  public init(switchFormat: String = "", wakingFormat: String = "") {
    state = Self.field("prev_state", in: switchFormat)
    wokenThread = Self.field("pid", in: wakingFormat)
    flags = Self.field("common_flags", in: wakingFormat)
  }

  /// Finds a line such as `field:pid_t pid; offset:24; size:4; signed:1;`.
  private static func field(_ name: String, in format: String) -> Field? {
    for line in format.split(separator: "\n") {
      let parts = line.split(separator: ";").map { $0.drop { $0 == " " || $0 == "\t" } }
      guard parts.count >= 3, parts[0].hasPrefix("field:"),
        parts[0].split(separator: " ").last == Substring(name),
        let offset = number(parts[1], "offset:"), let size = number(parts[2], "size:"),
        [1, 4, 8].contains(size)
      else { continue }
      return Field(offset: offset, byteCount: size)
    }
    return nil
  }

  private static func number(_ text: Substring, _ prefix: String) -> Int? {
    text.hasPrefix(prefix) ? Int(text.dropFirst(prefix.count)) : nil
  }

  /// The state of the thread that stops, in a record of sched_switch.
  func state(in record: UnsafeRawBufferPointer) -> ThreadState {
    guard let bits = state?.value(in: record) else { return .unknown }
    // The lowest bit counts: a fatal signal may be allowed in addition to another state.
    switch bits & 0xff {
    case 0: return .runnable
    case let some where some & 0x30 != 0: return .dead
    case let some where some & 0x1 != 0: return .sleeping
    case let some where some & 0x2 != 0: return .uninterruptible
    case let some where some & 0x4 != 0: return .stopped
    case let some where some & 0x8 != 0: return .traced
    default: return .idle
    }
  }

  /// The event of a record of sched_waking; nil if the record is too short.
  func wakeUp(in record: UnsafeRawBufferPointer) -> ReadyThread? {
    guard let thread = wokenThread?.value(in: record) else { return nil }
    let flags = flags?.value(in: record) ?? 0
    let context: WakeContext =
      flags & 0x08 != 0 ? .interrupt : flags & 0x10 != 0 ? .softInterrupt : .thread
    return ReadyThread(threadID: UInt32(truncatingIfNeeded: thread), context: context)
  }
}

/// The events whose samples are no CPU samples, by their numbers (PERF_SAMPLE_IDENTIFIER).
public struct SwitchEvents: Hashable, Sendable {
  /// What a sample reports.
  public enum Kind: Hashable, Sendable {
    /// A thread stops running; the record of the switch follows.
    case switchOut
    /// A thread is woken.
    case wakeUp
  }

  public var kinds: [UInt64: Kind] = [:]
  public var layouts = SwitchLayouts()
  /// Whether all records but wake-ups are those of followed threads: wakers of other processes are
  /// then not recorded.
  public var followThreads = false
  /// Whether these samples' stacks are recorded.
  public var haveStacks = false

  /// Creates a value for rings whose samples are all CPU samples.
  public init() {}
}
