/// A thread releases a lock and waits to be notified: Java's `Object.wait`. The CLR has no such
/// event.
public struct MonitorWaitStart: ListedEvent, Hashable {
  /// The lock, as in ``ContentionStart``.
  public var lockID: UInt64
  public var lockType: String
  /// The longest time to wait, in nanoseconds; 0 if there is no limit.
  public var timeout: UInt64

  @inlinable
  public init(lockID: UInt64, lockType: String = "", timeout: UInt64 = 0) {
    self.lockID = lockID
    self.lockType = lockType
    self.timeout = timeout
  }

  @inlinable public init() { self.init(lockID: 0) }

  @inlinable public static var eventID: UInt16 { 513 }
  public static let schema = RuntimeSchema.event(
    Self.self, "MonitorWaitStart", .informational, RuntimeSchema.Keyword.contention)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("lockID", \.lockID, hint: .hexadecimal)
    list.field("lockType", \.lockType)
    list.field("timeout", \.timeout, hint: .nanoseconds)
  }
}

/// The end of the wait that ``MonitorWaitStart`` began. The thread does not hold the lock yet.
public struct MonitorWaitStop: ListedEvent, Hashable {
  /// The lock, as in ``ContentionStart``.
  public var lockID: UInt64
  public var lockType: String
  /// Length of the wait in nanoseconds, measured by the runtime; 0 if not known.
  public var duration: UInt64
  public var timedOut: Bool

  @inlinable
  public init(lockID: UInt64, lockType: String = "", duration: UInt64, timedOut: Bool = false) {
    self.lockID = lockID
    self.lockType = lockType
    self.duration = duration
    self.timedOut = timedOut
  }

  @inlinable public init() { self.init(lockID: 0, duration: 0) }

  @inlinable public static var eventID: UInt16 { 514 }
  public static let schema = RuntimeSchema.event(
    Self.self, "MonitorWaitStop", .informational, RuntimeSchema.Keyword.contention)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("lockID", \.lockID, hint: .hexadecimal)
    list.field("lockType", \.lockType)
    list.field("duration", \.duration, hint: .nanoseconds)
    list.field("timedOut", \.timedOut)
  }
}
