/// An allocating thread had to wait until a concurrent collector had freed memory.
///
/// The CLR has no such event. The event may be emitted by another thread, some time after the
/// stall; its fields identify the thread that waited, and the time.
public struct GCAllocationStall: TraceEvent, Hashable {
  /// Thread that waited.
  public var threadID: UInt32
  /// Name of the thread in the runtime.
  public var threadName: String
  /// Length of the wait in nanoseconds.
  public var duration: UInt64
  /// End of the wait, in nanoseconds of CLOCK_MONOTONIC.
  public var until: UInt64

  @inlinable
  public init(threadID: UInt32, threadName: String = "", duration: UInt64, until: UInt64) {
    self.threadID = threadID
    self.threadName = threadName
    self.duration = duration
    self.until = until
  }

  @inlinable public static var eventID: UInt16 { 510 }
  public static let schema = RuntimeSchema.event(
    eventID, "GCAllocationStall", .informational, RuntimeSchema.Keyword.gc,
    [
      FieldSchema("threadID", .uint32, .threadID),
      FieldSchema("threadName", .string),
      FieldSchema("duration", .uint64, .nanoseconds),
      FieldSchema("until", .uint64, .nanoseconds),
    ])

  @inlinable public func encode(into encoder: inout EventEncoder) {
    encoder.encode(threadID)
    encoder.encode(threadName)
    encoder.encode(duration)
    encoder.encode(until)
  }

  public init(from decoder: inout EventDecoder) {
    threadID = decoder.decode()
    threadName = decoder.decode()
    duration = decoder.decode()
    until = decoder.decode()
  }
}
