public import TraceEvents

/// Which events a replay hands out. Everything that is nil admits all.
public struct ReplayFilter {
  /// Nanoseconds since the trace's start, both ends included.
  public var time: ClosedRange<Int64>?
  /// Which event types, asked once a type.
  public var admits: ((EventSchema) -> Bool)?
  public var pids: Set<UInt32>?
  public var tids: Set<UInt32>?
  public var processIndexes: Set<UInt32>?

  public init() {}
}

/// Thrown by a handler to end a replay early; ``Replay/run()`` then returns as if at the end.
public struct ReplayStop: Error {
  public init() {}
}

/// Hands out a trace's events in exact time order (ticks, then stream) over all streams.
///
///     let file = try TraceFile(path: "trace.etl")
///     let replay = Replay(file)
///     replay.on(GCStart.self) { event, header in print(header.timestamp, event.count) }
///     try replay.run()
///
/// - Guarantee: events of one stream come in the order they were written. Handlers of one event are
///   called in the order they were added.
/// - Cost: only the event types that a handler asks for are decompressed and decoded; memory is
///   bounded by the blocks whose times overlap.
public final class Replay {
  public typealias Handler<Event> = (Event, borrowing EventHeader) throws -> Void

  public var filter = ReplayFilter()

  public init(_ file: TraceFile) {}

  /// Events of a type, decoded. Types written with an older or newer version of the schema come too.
  @inlinable
  public func on<Event: TraceEvent>(
    _ type: Event.Type, _ handler: @escaping Handler<Event>
  ) {}

  /// Every event, not decoded.
  public func onAny(_ handler: @escaping (borrowing RawEvent) throws -> Void) {}

  /// Losses, among the events at the place where they end.
  public func onLoss(_ handler: @escaping (LossRecord) throws -> Void) {}

  /// Hands out everything, then returns. Called again (after ``TraceFile/refresh()``), it hands out what
  /// has come since.
  public func run() throws {}
}
