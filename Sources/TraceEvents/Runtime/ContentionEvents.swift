// Waits for locks: keyword Contention (0x4000).

extension RuntimeSchema {
  static let contentionEventTypes: [any TraceEvent.Type] = [
    ContentionStart.self, ContentionStop.self, ContentionOwner.self, MonitorWaitStart.self,
    MonitorWaitStop.self,
  ]
}

/// Whose lock it is.
public struct ContentionFlags: OpenEnumeration {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A lock of the program.
  public static let managed = ContentionFlags(rawValue: 0)
  /// A lock of the runtime itself.
  public static let native = ContentionFlags(rawValue: 1)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "ContentionFlags", underlying: .uint8,
      cases: [EnumCase("Managed", 0), EnumCase("Native", 1)]))
}

/// A thread begins to wait for a lock that another thread holds.
public struct ContentionStart: ListedEvent, Hashable {
  public var contentionFlags: ContentionFlags
  /// The lock; the JVM agent writes the object's identity hash code. Two locks may have the same
  /// number if their types differ, and rarely if they do not.
  public var lockID: UInt64
  public var associatedObjectID: UInt64
  /// The thread that holds the lock; 0 if not known.
  public var lockOwnerThreadID: UInt64
  /// The class of the lock; the CLR has no such field.
  public var lockType: String

  @inlinable
  public init(
    contentionFlags: ContentionFlags = .managed, lockID: UInt64, associatedObjectID: UInt64 = 0,
    lockOwnerThreadID: UInt64 = 0, lockType: String = ""
  ) {
    self.contentionFlags = contentionFlags
    self.lockID = lockID
    self.associatedObjectID = associatedObjectID
    self.lockOwnerThreadID = lockOwnerThreadID
    self.lockType = lockType
  }

  @inlinable public init() { self.init(lockID: 0) }

  @inlinable public static var eventID: UInt16 { 81 }
  public static let schema = RuntimeSchema.event(
    Self.self, "ContentionStart", .informational, RuntimeSchema.Keyword.contention)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("contentionFlags", \.contentionFlags, type: ContentionFlags.type)
    list.field("lockID", \.lockID, hint: .hexadecimal)
    list.field("associatedObjectID", \.associatedObjectID, hint: .hexadecimal)
    list.field("lockOwnerThreadID", \.lockOwnerThreadID)
    list.field("lockType", \.lockType)
  }
}

/// A thread has got the lock that it waited for.
public struct ContentionStop: ListedEvent, Hashable {
  public var contentionFlags: ContentionFlags
  /// Length of the wait in nanoseconds, measured by the runtime; 0 if not known.
  public var duration: UInt64
  /// The lock, as in ``ContentionStart``.
  public var lockID: UInt64
  public var lockType: String

  @inlinable
  public init(
    contentionFlags: ContentionFlags = .managed, duration: UInt64, lockID: UInt64,
    lockType: String = ""
  ) {
    self.contentionFlags = contentionFlags
    self.duration = duration
    self.lockID = lockID
    self.lockType = lockType
  }

  @inlinable public init() { self.init(duration: 0, lockID: 0) }

  @inlinable public static var eventID: UInt16 { 91 }
  public static let schema = RuntimeSchema.event(
    Self.self, "ContentionStop", .informational, RuntimeSchema.Keyword.contention)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("contentionFlags", \.contentionFlags, type: ContentionFlags.type)
    list.field("duration", \.duration, hint: .nanoseconds)
    list.field("lockID", \.lockID, hint: .hexadecimal)
    list.field("lockType", \.lockType)
  }
}

/// The thread that held a lock shortly after the event's thread began to wait for it; follows some
/// ``ContentionStart`` events. The CLR has no such event.
///
/// The event's stack, if recorded, is that of the thread that held the lock.
public struct ContentionOwner: ListedEvent, Hashable {
  /// The lock, as in ``ContentionStart``.
  public var lockID: UInt64
  /// The thread that held it; 0 if its id is not known.
  public var ownerThreadID: UInt32
  /// Name of that thread in the runtime.
  public var ownerThreadName: String

  @inlinable
  public init(lockID: UInt64, ownerThreadID: UInt32, ownerThreadName: String = "") {
    self.lockID = lockID
    self.ownerThreadID = ownerThreadID
    self.ownerThreadName = ownerThreadName
  }

  @inlinable public init() { self.init(lockID: 0, ownerThreadID: 0) }

  @inlinable public static var eventID: UInt16 { 512 }
  public static let schema = RuntimeSchema.event(
    Self.self, "ContentionOwner", .informational, RuntimeSchema.Keyword.contention)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("lockID", \.lockID, hint: .hexadecimal)
    list.field("ownerThreadID", \.ownerThreadID, hint: .threadID)
    list.field("ownerThreadName", \.ownerThreadName)
  }
}
