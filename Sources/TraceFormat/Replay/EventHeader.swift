/// Properties of an event.
public struct EventFlags: OptionSet, Hashable, Sendable {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The event describes something that began before the session (capture state).
  @inlinable public static var rundown: EventFlags { EventFlags(rawValue: 1) }
  /// The event was recorded with a stack.
  @inlinable public static var stack: EventFlags { EventFlags(rawValue: 2) }
}

/// Identifier of a call stack in a trace file: the number of its innermost frame's node in the
/// file's tree of stacks. ``TraceFile/stack(_:)`` resolves it.
public struct StackID: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt32

  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The event has no stack.
  public static let none = StackID(rawValue: 0)
  /// Value of ``StackNode/parent`` for callers in a damaged part of the file.
  public static let lost = StackID(rawValue: .max)
}

/// Time, place and origin of an event.
public struct EventHeader: Sendable {
  /// Reading of the trace clock.
  public var ticks: UInt64
  /// Nanoseconds since the trace's start.
  public var timestamp: Int64
  @usableFromInline var startUnixNanoseconds: Int64
  /// Number of the stream, usually a ring, that the event came from.
  public var stream: UInt32
  public var processIndex: UInt32
  public var pid: UInt32
  public var tid: UInt32
  public var stack: StackID
  /// CPU number, or ``noCPU``.
  public var cpu: UInt16
  public var flags: EventFlags

  /// CPU number of events that belong to no CPU, such as the rundown and a session's own events.
  public static let noCPU = UInt16.max

  /// Nanoseconds since 1970, UTC: the trace's start plus ``timestamp``. Adjustments of the clock
  /// during the trace therefore do not affect the order.
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
