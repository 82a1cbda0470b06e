/// An allocating thread had to wait until a concurrent collector had freed memory.
///
/// The CLR has no such event. The event may be emitted by another thread, some time after the
/// stall; its fields identify the thread that waited, and the time.
public struct GCAllocationStall: ListedEvent, Hashable {
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

  @inlinable public init() { self.init(threadID: 0, duration: 0, until: 0) }

  @inlinable public static var eventID: UInt16 { 510 }
  public static let schema = EventSchema(
    of: Self.self, provider: RuntimeSchema.providerName, name: "GCAllocationStall",
    keywords: RuntimeSchema.Keyword.gc)

  /// The fields in the order in which they are written.
  @inlinable public static func fields(_ list: inout some FieldList<Self>) {
    list.field("threadID", \.threadID, hint: .threadID)
    list.field("threadName", \.threadName)
    list.field("duration", \.duration, hint: .nanoseconds)
    list.field("until", \.until, hint: .nanoseconds)
  }
}
