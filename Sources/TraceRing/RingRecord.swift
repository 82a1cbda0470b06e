/// A record as it was written, in the reader's own memory.
public struct RingRecord {
  public var header: UInt64
  public var ticks: UInt64
  /// Process slot << 32 | thread id, as the writer said it.
  public var writer: UInt64
  /// Payload words, then the stack's addresses.
  public var payload: UnsafePointer<UInt64>
  public var payloadWords: Int

  @inlinable @inline(__always)
  init(
    header: UInt64, ticks: UInt64, writer: UInt64, payload: UnsafePointer<UInt64>,
    payloadWords: Int
  ) {
    self.header = header
    self.ticks = ticks
    self.writer = writer
    self.payload = payload
    self.payloadWords = payloadWords
  }

  @inlinable public var ref: UInt16 { RecordHeader.ref(header) }
  @inlinable public var hasStack: Bool { header & RecordHeader.stackFlag != 0 }
  @inlinable public var isRundown: Bool { header & RecordHeader.rundownFlag != 0 }
}

/// What a reader learnt besides records.
public struct RingNotice: Equatable, Sendable {
  /// What became of the events.
  public enum Cause: Equatable, Sendable {
    case lost(RingLoss)
    /// Lost by threads that have no rseq area.
    case lostWithoutRseq
    case overwritten
    /// Bytes that no producer of ours writes. The count is exact where the ring still says how many
    /// events they held, else the least that it can be; 0 where that is said later.
    case damaged
    /// A counter says what cannot be: nobody knows what it should say. The count is 0.
    case implausible
  }
  public var cause: Cause
  public var count: UInt64
  /// The loss happened after the first and no later than the second.
  public var fromTicks: UInt64
  public var toTicks: UInt64
}
