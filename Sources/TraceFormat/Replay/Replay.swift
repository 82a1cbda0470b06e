public import TraceEvents

/// Thrown by a handler to end a replay early; ``Replay/run()`` then returns as if at the end.
public struct ReplayStop: Error {
  public init() {}
}

/// Which of an event's fields a handler reads.
public enum EventFields: Sendable {
  case all
  /// Only the header: the fields are not even decompressed.
  case none
  /// The fields with these names, where the type has them. Fields after the last of them read as 0.
  case named(Set<String>)

  var areAny: Bool {
    switch self {
    case .all: true
    case .none: false
    case .named(let names): !names.isEmpty
    }
  }

  /// How many leading fields that takes.
  func count(in schema: EventSchema) -> Int {
    switch self {
    case .all: schema.fields.count
    case .none: 0
    case .named(let names):
      (schema.fields.lastIndex { names.contains($0.name) } ?? -1) + 1
    }
  }
}

/// Hands out a trace's events in exact time order (ticks, then stream) over all streams.
///
///     let file = try TraceFile(path: "trace.etl")
///     let replay = Replay(file)
///     replay.on(GCStart.self) { event, header in print(header.timestamp, event.count) }
///     replay.on(GCEnd.self, where: ofOneProcess) { event, header in … }
///     try replay.run()
///
/// Any number of subscriptions share one run over the file, each with a filter of its own.
///
/// - Guarantee: events of one stream come in the order they were written. Handlers of one event are
///   called in the order they were added. What is damaged is skipped and listed in
///   ``TraceFile/damage``.
/// - Trap: a `var` that a handler captures costs an exclusivity check at each use, more than the
///   event itself. Where speed matters, keep totals behind an `UnsafeMutablePointer`.
/// - Cost: a run reads the blocks that hold an event type that a handler asks for, at the times
///   that it asks for, and decodes the fields of those types only. Blocks are decoded ahead on
///   other cores. Memory is bounded by the blocks whose times overlap, by ``memoryBytesMax``, and
///   by the few blocks that are decoded ahead.
public final class Replay {
  @usableFromInline typealias BatchHandler = (borrowing EventBatch) throws -> Void

  struct Subscription {
    /// Nil for every type.
    var schema: EventSchema?
    var filter: ReplayFilter
    var fields: EventFields
    var handle: BatchHandler
  }

  public let file: TraceFile
  /// What every subscription's events must pass, beside the subscription's own filter. Set before
  /// ``run()``. Losses are handed out by its times.
  public var filter = ReplayFilter()
  /// Memory for blocks whose times overlap. A trace that needs more is still handed out whole, but
  /// ``isOrdered`` is false afterwards.
  public var memoryBytesMax = 160 << 20
  /// Whether all events came in time order.
  public internal(set) var isOrdered = true
  /// Types in the file that a handler asked for but cannot decode: a field's type has changed.
  public internal(set) var unreadableTypes: [EventSchema] = []
  /// Threads that decode blocks ahead of the handlers; nil for as many as the machine has cores to
  /// spare. With 0 everything happens on the thread that calls ``run()``.
  package var decodingThreads: Int?
  /// Where the blocks lie that runs have read.
  package internal(set) var openedBlocks: Set<UInt64> = []
  /// Whether blocks that no handler has a reason to read are compared with the index afterwards.
  package var checksUnreadBlocks = true

  var subscriptions: [Subscription] = []
  var lossHandlers: [(LossRecord) throws -> Void] = []
  /// Blocks of the trace, from its first on, that earlier runs have handed out.
  private var consumedBlocks = 0

  public init(_ file: TraceFile) { self.file = file }

  /// Events of a type, decoded. Types written with an older or newer version of the schema come
  /// too.
  @inlinable
  public func on<Event: TraceEvent>(
    _ type: Event.Type, _ handler: @escaping (Event, EventHeader) throws -> Void
  ) {
    on(type, where: ReplayFilter(), handler)
  }

  /// The events of a type that pass a filter, decoded.
  @inlinable
  public func on<Event: TraceEvent>(
    _ type: Event.Type, where filter: ReplayFilter,
    _ handler: @escaping (Event, EventHeader) throws -> Void
  ) {
    subscribe(Event.schema, filter, .all) { batch in
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

  /// Every event that passes a filter, not decoded.
  ///
  /// - Parameter fields: what the handler reads beside the header. Fields that nobody asks for read
  ///   as 0, or empty.
  @inlinable
  public func onAny(
    where filter: ReplayFilter = ReplayFilter(), fields: EventFields = .all,
    _ handler: @escaping (borrowing RawEvent) throws -> Void
  ) {
    subscribe(nil, filter, fields) { batch in
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
  func subscribe(
    _ schema: EventSchema?, _ filter: ReplayFilter, _ fields: EventFields,
    _ handle: @escaping BatchHandler
  ) {
    subscriptions.append(
      Subscription(schema: schema, filter: filter, fields: fields, handle: handle))
  }

  /// Hands out everything, then returns. Called again (after ``TraceFile/refresh()``), it hands out
  /// what has come since.
  ///
  /// - Throws: what a handler throws, except ``ReplayStop``; a ``FormatError`` when the file cannot
  ///   be read any more.
  public func run() throws {
    let forgotten = file.index.forgottenBlocks
    let blocks = max(0, consumedBlocks - forgotten)..<file.index.blocks.count
    consumedBlocks = forgotten + blocks.upperBound
    file.replayRuns += 1
    let run = ReplayRun(self, blocks: blocks)
    do {
      try run.handOut()
    } catch is ReplayStop {}
  }
}
