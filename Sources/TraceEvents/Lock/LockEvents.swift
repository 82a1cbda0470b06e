/// The provider of libtracelock.so, which measures a program's waits for locks.
public enum LockSchema {
  public static let providerName = "Lock"
  /// Waits that took less are sampled, unless another threshold is chosen.
  public static let thresholdUsual_ns: UInt64 = 100_000

  /// Selects events by what they tell.
  public enum Keyword {
    /// Who waited, and where.
    public static let wait = Keywords(rawValue: 1)
    /// Who made others wait, and where it let go.
    public static let release = Keywords(rawValue: 2)
  }

  public static let keywords = [
    KeywordSchema("Wait", Keyword.wait), KeywordSchema("Release", Keyword.release),
  ]

  /// The event types, in the order of their ids.
  public static let eventTypes: [any TraceEvent.Type] = [
    LockSampling.self, LockWait.self, LockRelease.self,
  ]
}

/// What a thread waited for.
public struct LockKind: OpenEnumeration {
  public var rawValue: UInt8

  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A mutex of the C library or of Swift.
  public static let mutex = LockKind(rawValue: 0)
  /// A read-write lock, to read.
  public static let read = LockKind(rawValue: 1)
  /// A read-write lock, to write.
  public static let write = LockKind(rawValue: 2)
  public static let condition = LockKind(rawValue: 3)
  public static let semaphore = LockKind(rawValue: 4)
  /// A futex(2) whose use is not known.
  public static let futex = LockKind(rawValue: 5)

  @usableFromInline static let type = FieldType.enumeration(
    EnumSchema(
      name: "LockKind", underlying: .uint8,
      cases: [
        EnumCase("Mutex", 0), EnumCase("Read", 1), EnumCase("Write", 2), EnumCase("Condition", 3),
        EnumCase("Semaphore", 4), EnumCase("Futex", 5),
      ]))
}

/// How a process's waits are measured; emitted as rundown when a session begins.
public struct LockSampling: ListedEvent, Hashable {
  /// Waits that took less are sampled.
  public var threshold: UInt64 = 0
  /// Number of waits that the process has recorded.
  public var waits: UInt64 = 0
  /// Number of recorded releases for which others had waited.
  public var releases: UInt64 = 0

  public init() {}

  public init(threshold: UInt64, waits: UInt64, releases: UInt64) {
    (self.threshold, self.waits, self.releases) = (threshold, waits, releases)
  }

  public static var eventID: UInt16 { 1 }
  public static let schema = EventSchema(
    of: Self.self, provider: LockSchema.providerName, name: "LockSampling")

  /// Lists the fields, as in the file.
  @inlinable @inline(__always)
  public static func fields(_ list: inout some FieldList<Self>) {
    list.field("threshold", \.threshold, hint: .nanoseconds)
    list.field("waits", \.waits, hint: .count)
    list.field("releases", \.releases, hint: .count)
  }
}

/// A thread has waited; emitted by it at the end of the wait.
///
/// A wait shorter than the threshold is recorded with the probability duration / threshold, and
/// stands for ``weight`` waits of its length, so that sums of `weight` and of `duration * weight`
/// are unbiased.
public struct LockWait: ListedEvent, Hashable {
  public var address: UInt64 = 0
  public var kind = LockKind.mutex
  /// Nanoseconds.
  public var duration: UInt64 = 0
  /// 1 for a wait that took at least the threshold.
  public var weight: Double = 0
  /// The thread that let go of the lock last, before this one got it; 0 if it is not known.
  public var releaser: UInt32 = 0

  public init() {}

  public init(
    address: UInt64, kind: LockKind, duration: UInt64, weight: Double = 1, releaser: UInt32 = 0
  ) {
    (self.address, self.kind, self.duration) = (address, kind, duration)
    (self.weight, self.releaser) = (weight, releaser)
  }

  public static var eventID: UInt16 { 2 }
  public static let schema = EventSchema(
    of: Self.self, provider: LockSchema.providerName, name: "LockWait",
    keywords: LockSchema.Keyword.wait)

  /// Lists the fields, as in the file.
  @inlinable @inline(__always)
  public static func fields(_ list: inout some FieldList<Self>) {
    list.field("address", \.address, type: .pointer)
    list.field("kind", \.kind, type: LockKind.type)
    list.field("duration", \.duration, hint: .nanoseconds)
    list.field("weight", \.weight)
    list.field("releaser", \.releaser, hint: .threadID)
  }
}

/// A thread has let go of a mutex or a read-write lock for which others waited; emitted by it.
public struct LockRelease: ListedEvent, Hashable {
  public var address: UInt64 = 0
  public var kind = LockKind.mutex
  /// Nanoseconds that all others have waited for the lock since it was let go of before.
  public var duration: UInt64 = 0
  /// As in ``LockWait``.
  public var weight: Double = 0
  /// Number of threads that waited.
  public var waiters: UInt32 = 0

  public init() {}

  public init(
    address: UInt64, kind: LockKind, duration: UInt64, weight: Double = 1, waiters: UInt32 = 1
  ) {
    (self.address, self.kind, self.duration) = (address, kind, duration)
    (self.weight, self.waiters) = (weight, waiters)
  }

  public static var eventID: UInt16 { 3 }
  public static let schema = EventSchema(
    of: Self.self, provider: LockSchema.providerName, name: "LockRelease",
    keywords: LockSchema.Keyword.release)

  /// Lists the fields, as in the file.
  @inlinable @inline(__always)
  public static func fields(_ list: inout some FieldList<Self>) {
    list.field("address", \.address, type: .pointer)
    list.field("kind", \.kind, type: LockKind.type)
    list.field("duration", \.duration, hint: .nanoseconds)
    list.field("weight", \.weight)
    list.field("waiters", \.waiters, hint: .count)
  }
}
