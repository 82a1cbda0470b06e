import Synchronization
public import TraceEvents
import TraceFormat

/// An event of a running session, in memory of its own.
public struct LiveEvent: Sendable {
  public let schema: EventSchema
}

final class LiveFeed: Sendable {
  func take(_ block: UnsafeRawBufferPointer) {}
  func finish() {}
  var dropped: UInt64 { 0 }
  func subscribe(limit: Int) -> AsyncStream<LiveEvent> { AsyncStream { $0.finish() } }
}
