/// Why events were lost. Open: a value that this version does not know is kept and shown as a
/// number.
public struct LossCause: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// No room in the ring.
  public static let bufferFull = LossCause(rawValue: 0)
  /// The event is larger than a record may be.
  public static let tooLarge = LossCause(rawValue: 1)
  /// The ring's writer was disturbed too often, or its lock was held too long.
  public static let contention = LossCause(rawValue: 2)
  /// Block mode waited for room as long as it may.
  public static let blockTimeout = LossCause(rawValue: 3)
  /// Block mode had to wait inside a signal handler, which it must not.
  public static let signal = LossCause(rawValue: 4)
  /// Newer events took its place (overwrite mode).
  public static let overwritten = LossCause(rawValue: 5)
  /// The record did not match its event's schema.
  public static let malformed = LossCause(rawValue: 6)
  /// The ring's bytes were not readable as records.
  public static let damaged = LossCause(rawValue: 7)
  /// No room in the kernel's buffer of samples.
  public static let kernelBufferFull = LossCause(rawValue: 8)

  /// The program emitted it before the session had enabled it.
  public static let tooEarly = LossCause(rawValue: 9)
  /// The provider that emitted it does not have it in its description.
  public static let undescribed = LossCause(rawValue: 10)
  /// It came to the session, which did not keep it until this reader of the live trace took it.
  /// Never in a file.
  public static let notKept = LossCause(rawValue: 11)

  private static let names = [
    "buffer full", "too large", "contention", "block timeout", "inside a signal handler",
    "overwritten", "malformed record", "damaged ring", "kernel buffer full",
    "before they were enabled", "not in their provider's description",
    "not kept for this reader",
  ]

  /// A few words for people, or the number.
  public var name: String {
    Int(rawValue) < Self.names.count ? Self.names[Int(rawValue)] : "cause \(rawValue)"
  }
}

/// Events that were emitted, or meant to be, and are not in the file.
public struct LossRecord: Hashable, Sendable {
  /// The ring.
  public var stream: UInt32
  public var cpu: UInt16
  public var cause: LossCause
  public var count: UInt64
  /// The losses happened after this and before `toTicks`.
  public var fromTicks: UInt64
  public var toTicks: UInt64
  /// The process that they are known to come from.
  public var processIndex: UInt32?

  /// The stream of losses of no ring: no ring has this number, and no source of the session's own.
  package static let noStream = UInt32(1) << 30 - 1

  public init(
    stream: UInt32, cpu: UInt16, cause: LossCause, count: UInt64, fromTicks: UInt64,
    toTicks: UInt64, processIndex: UInt32? = nil
  ) {
    self.stream = stream
    self.cpu = cpu
    self.cause = cause
    self.count = count
    self.fromTicks = fromTicks
    self.toTicks = toTicks
    self.processIndex = processIndex
  }
}
