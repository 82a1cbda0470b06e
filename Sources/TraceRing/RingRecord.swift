/// A record in the reader's memory, as it was written.
public struct RingRecord {
  public var header: UInt64
  public var ticks: UInt64
  /// Process slot << 32 | thread id, as stated by the writer.
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

/// A reader's finding apart from records.
public struct RingNotice: Equatable, Sendable {
  /// The cause of the loss.
  public enum Cause: Equatable, Sendable {
    case lost(RingLoss)
    /// Lost by threads that have no rseq area.
    case lostWithoutRseq
    case overwritten
    /// Invalid bytes. The count is exact if the ring still has the number of their events;
    /// otherwise it is a lower bound, or 0 if a later notice has it.
    case damaged
    /// A counter has an impossible value, and its right value is not known. The count is 0.
    case implausible
  }
  public var cause: Cause
  public var count: UInt64
  /// The loss happened after the first time and not later than the second.
  public var fromTicks: UInt64
  public var toTicks: UInt64
}
