public import TraceEvents

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
///   called in the order they were added. What is damaged is skipped and listed in
///   ``TraceFile/damage``.
/// - Trap: a `var` that a handler captures costs an exclusivity check at each use, more than the
///   event itself. Where speed matters, keep totals behind an `UnsafeMutablePointer`.
/// - Cost: only the event types that a handler asks for are decompressed and decoded; memory is
///   bounded by the blocks whose times overlap, and by ``memoryBytesMax``.
public final class Replay {
  @usableFromInline typealias BatchHandler = (borrowing EventBatch) throws -> Void

  struct Subscription {
    /// Nil for every type.
    var schema: EventSchema?
    var handle: BatchHandler
  }

  public let file: TraceFile
  /// Set before ``run()``.
  public var filter = ReplayFilter()
  /// Memory for blocks whose times overlap. A trace that needs more is still handed out whole, but
  /// ``isOrdered`` is false afterwards.
  public var memoryBytesMax = 160 << 20
  /// Whether all events came in time order.
  public internal(set) var isOrdered = true
  /// Types in the file that a handler asked for but cannot decode: a field's type has changed.
  public internal(set) var unreadableTypes: [EventSchema] = []

  var subscriptions: [Subscription] = []
  var lossHandlers: [(LossRecord) throws -> Void] = []
  /// Blocks that earlier runs have handed out.
  var consumedBlocks = 0

  public init(_ file: TraceFile) { self.file = file }

  /// Events of a type, decoded. Types written with an older or newer version of the schema come
  /// too.
  @inlinable
  public func on<Event: TraceEvent>(
    _ type: Event.Type, _ handler: @escaping (Event, EventHeader) throws -> Void
  ) {
    subscribe(Event.schema) { batch in
      var header = EventHeader(startUnixNanoseconds: batch.startUnixNanoseconds)
      var segment = batch.clock[0]
      for index in 0..<batch.count {
        let position = Int(batch.positions[index])
        batch.fill(&header, &segment, position)
        var decoder = EventDecoder(columns: batch.columns, row: Int(batch.rows[position]))
        try handler(Event(from: &decoder), header)
      }
    }
  }

  /// Every event, not decoded.
  @inlinable
  public func onAny(_ handler: @escaping (borrowing RawEvent) throws -> Void) {
    subscribe(nil) { batch in
      var header = EventHeader(startUnixNanoseconds: batch.startUnixNanoseconds)
      var segment = batch.clock[0]
      for index in 0..<batch.count {
        let position = Int(batch.positions[index])
        batch.fill(&header, &segment, position)
        try handler(
          RawEvent(
            header: header, typeIndex: batch.typeIndex, columns: batch.columns,
            row: Int(batch.rows[position])))
      }
    }
  }

  /// Losses, among the events at the place where they end.
  public func onLoss(_ handler: @escaping (LossRecord) throws -> Void) {
    lossHandlers.append(handler)
  }

  @usableFromInline
  func subscribe(_ schema: EventSchema?, _ handle: @escaping BatchHandler) {
    subscriptions.append(Subscription(schema: schema, handle: handle))
  }

  /// Hands out everything, then returns. Called again (after ``TraceFile/refresh()``), it hands out
  /// what has come since.
  ///
  /// - Throws: what a handler throws, except ``ReplayStop``; a ``FormatError`` when the file cannot
  ///   be read any more.
  public func run() throws {
    let blocks = consumedBlocks..<file.index.blocks.count
    consumedBlocks = blocks.upperBound
    let run = ReplayRun(self, blocks: blocks)
    do {
      try run.handOut()
    } catch is ReplayStop {}
  }
}
