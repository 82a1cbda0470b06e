/// Marks on an event.
public struct EventFlags: OptionSet, Hashable, Sendable {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Tells of something that began before the session did (capture state).
  public static let rundown = EventFlags(rawValue: 1)
  /// A stack was taken with the event.
  public static let stack = EventFlags(rawValue: 2)
}

/// A call stack of a trace file, resolved by ``TraceFile/stack(_:)``: the number of its innermost
/// frame's node in the file's tree of stacks.
public struct StackID: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The event has no stack.
  public static let none = StackID(rawValue: 0)
  /// In ``StackNode/parent``: callers that were in a part of the file that is damaged.
  public static let lost = StackID(rawValue: .max)
}

/// When, where and by whom an event was written.
public struct EventHeader: Sendable {
  /// The trace clock's reading.
  public var ticks: UInt64
  /// Nanoseconds since the trace's start.
  public var timestamp: Int64
  @usableFromInline var startUnixNanoseconds: Int64
  /// The ring that it went through.
  public var stream: UInt32
  public var processIndex: UInt32
  public var pid: UInt32
  public var tid: UInt32
  public var stack: StackID
  /// Or ``noCPU``.
  public var cpu: UInt16
  public var flags: EventFlags

  /// In place of a CPU: what came about on none, as the rundown and a session's own events.
  public static let noCPU = UInt16.max

  /// Nanoseconds since 1970, UTC: the trace's start plus ``timestamp``, so a clock that was set
  /// during the trace does not disturb the order.
  @inlinable public var unixNanoseconds: Int64 { startUnixNanoseconds &+ timestamp }

  @inlinable
  package init(startUnixNanoseconds: Int64) {
    ticks = 0
    timestamp = 0
    self.startUnixNanoseconds = startUnixNanoseconds
    stream = 0
    processIndex = 0
    pid = 0
    tid = 0
    stack = StackID(rawValue: 0)
    cpu = 0
    flags = []
  }
}
