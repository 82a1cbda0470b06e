// Context switches and wake-ups: keyword ContextSwitch (0x2).

/// The direction of a context switch.
public struct SwitchDirection: OpenEnumeration {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The thread begins to run.
  public static let on = SwitchDirection(rawValue: 0)
  /// The thread waits for something.
  public static let off = SwitchDirection(rawValue: 1)
  /// The thread is runnable, but another thread runs.
  public static let preempted = SwitchDirection(rawValue: 2)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "SwitchDirection", underlying: .uint8,
      cases: [
        EnumCase("On", 0),
        EnumCase("Off", 1),
        EnumCase("Preempted", 2),
      ]))
}

/// A thread's state as it stops running; the letters are those of ps(1).
public struct ThreadState: OpenEnumeration {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Not recorded.
  public static let unknown = ThreadState(rawValue: 0)
  /// R: could run, but another thread does.
  public static let runnable = ThreadState(rawValue: 1)
  /// S: waits; a signal ends the wait.
  public static let sleeping = ThreadState(rawValue: 2)
  /// D: waits, usually for a disk; signals do not end the wait.
  public static let uninterruptible = ThreadState(rawValue: 3)
  /// T: stopped by a signal.
  public static let stopped = ThreadState(rawValue: 4)
  /// t: stopped by a debugger.
  public static let traced = ThreadState(rawValue: 5)
  /// X or Z: has ended.
  public static let dead = ThreadState(rawValue: 6)
  /// P or I: a kernel thread without work.
  public static let idle = ThreadState(rawValue: 7)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "ThreadState", underlying: .uint8,
      cases: [
        EnumCase("Unknown", 0),
        EnumCase("Runnable", 1),
        EnumCase("Sleeping", 2),
        EnumCase("Uninterruptible", 3),
        EnumCase("Stopped", 4),
        EnumCase("Traced", 5),
        EnumCase("Dead", 6),
        EnumCase("Idle", 7),
      ]))
}

/// A thread starts or stops running on the event's CPU.
///
/// The stack of a thread that stops, if recorded, has the kernel frames before the user frames,
/// innermost first.
public struct ContextSwitch: ListedEvent, Hashable {
  public var direction: SwitchDirection
  /// The state of a thread that stops running; ``ThreadState/unknown`` in traces of older
  /// versions, and where the kernel's tracepoints are not permitted.
  public var state: ThreadState

  @inlinable
  public init(direction: SwitchDirection, state: ThreadState = .unknown) {
    self.direction = direction
    self.state = state
  }

  @inlinable public init() { self.init(direction: SwitchDirection(rawValue: 0)) }

  @inlinable public static var eventID: UInt16 { 36 }
  public static let schema = SystemSchema.event(
    Self.self, "ContextSwitch", SystemSchema.Keyword.contextSwitch)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("direction", \.direction, type: SwitchDirection.type)
    list.field("state", \.state, type: ThreadState.type)
  }
}

/// What ran on the CPU that woke a thread.
public struct WakeContext: OpenEnumeration {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The thread of the event.
  public static let thread = WakeContext(rawValue: 0)
  /// A software interrupt, such as that of a timer or of the network.
  public static let softInterrupt = WakeContext(rawValue: 1)
  /// An interrupt, such as that of a timer or of a disk.
  public static let interrupt = WakeContext(rawValue: 2)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "WakeContext", underlying: .uint8,
      cases: [
        EnumCase("Thread", 0),
        EnumCase("SoftInterrupt", 1),
        EnumCase("Interrupt", 2),
      ]))
}

/// A waiting thread becomes runnable.
///
/// The event's thread is the one that woke it, and the stack, if recorded, is that of the waker: of
/// an interrupt, or of a program whose events are not recorded, only the kernel's frames. In the
/// latter case the event's process is none that the trace defines, so that its id is 0.
public struct ReadyThread: ListedEvent, Hashable {
  /// The thread that becomes runnable.
  public var threadID: UInt32
  public var context: WakeContext

  @inlinable
  public init(threadID: UInt32, context: WakeContext) {
    self.threadID = threadID
    self.context = context
  }

  @inlinable public init() { self.init(threadID: 0, context: WakeContext(rawValue: 0)) }

  @inlinable public static var eventID: UInt16 { 50 }
  public static let schema = SystemSchema.event(
    Self.self, "ReadyThread", SystemSchema.Keyword.contextSwitch)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("threadID", \.threadID)
    list.field("context", \.context, type: WakeContext.type)
  }
}
