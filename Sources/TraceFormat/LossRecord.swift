/// The reason why events were lost. The set is open: a value unknown to this version is kept and
/// shown as a number.
public struct LossCause: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The ring was full.
  public static let bufferFull = LossCause(rawValue: 0)
  /// The event exceeded the maximum record size.
  public static let tooLarge = LossCause(rawValue: 1)
  /// The writer of the ring was interrupted too often, or its lock was held too long.
  public static let contention = LossCause(rawValue: 2)
  /// Block mode waited for room up to its time limit.
  public static let blockTimeout = LossCause(rawValue: 3)
  /// Block mode would have had to wait inside a signal handler, which is not allowed.
  public static let signal = LossCause(rawValue: 4)
  /// Newer events overwrote it (overwrite mode).
  public static let overwritten = LossCause(rawValue: 5)
  /// The record did not match its event's schema.
  public static let malformed = LossCause(rawValue: 6)
  /// The ring's bytes could not be parsed as records.
  public static let damaged = LossCause(rawValue: 7)
  /// The kernel's sample buffer was full.
  public static let kernelBufferFull = LossCause(rawValue: 8)

  /// The program emitted the event before the session enabled it.
  public static let tooEarly = LossCause(rawValue: 9)
  /// The description of the emitting provider does not contain the event.
  public static let undescribed = LossCause(rawValue: 10)
  /// The session received the event, but dropped it before this reader of the live trace read it.
  /// Never in a file.
  public static let notKept = LossCause(rawValue: 11)
  /// The buffer of the program's runtime was full, before the events reached the session.
  public static let runtimeBufferFull = LossCause(rawValue: 12)

  private static let names = [
    "buffer full", "too large", "contention", "block timeout", "inside a signal handler",
    "overwritten", "malformed record", "damaged ring", "kernel buffer full",
    "before they were enabled", "not in their provider's description",
    "not kept for this reader", "runtime's buffer full",
  ]

  /// Short description for users, or the number if the cause is unknown.
  public var name: String {
    Int(rawValue) < Self.names.count ? Self.names[Int(rawValue)] : "cause \(rawValue)"
  }
}

/// Events that were emitted, or about to be, but are not in the file.
public struct LossRecord: Hashable, Sendable {
  /// Stream number of the ring.
  public var stream: UInt32
  public var cpu: UInt16
  public var cause: LossCause
  public var count: UInt64
  /// The losses happened after these ticks and before `toTicks`.
  public var fromTicks: UInt64
  public var toTicks: UInt64
  /// Process that emitted the events; nil if unknown.
  public var processIndex: UInt32?

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
