public import TraceEvents

/// Thrown by a handler to end a replay early; ``Replay/run()`` then returns normally.
public struct ReplayStop: Error {
  public init() {}
}

/// The fields of an event that a handler reads.
public enum EventFields: Sendable {
  case all
  /// Only the header. The fields are not even decompressed.
  case none
  /// The fields with these names, if the type has them. Fields after the last of them read as 0.
  case named(Set<String>)

  var areAny: Bool {
    switch self {
    case .all: true
    case .none: false
    case .named(let names): !names.isEmpty
    }
  }

  /// Returns the number of leading fields to decode.
  func count(in schema: EventSchema) -> Int {
    switch self {
    case .all: schema.fields.count
    case .none: 0
    case .named(let names):
      (schema.fields.lastIndex { names.contains($0.name) } ?? -1) + 1
    }
  }
}

/// Delivers a trace's events in exact time order (ticks, then stream) across all streams.
///
///     let file = try TraceFile(path: "trace.etl")
///     let replay = Replay(file)
///     replay.on(GCStart.self) { event, header in print(header.timestamp, event.count) }
///     replay.on(GCEnd.self, where: ofOneProcess) { event, header in … }
///     try replay.run()
///
/// Any number of subscriptions share one run over the file. Each has its own filter.
///
/// - Guarantee: events of one stream are delivered in the order in which they were written.
///   Handlers of an event are called in the order in which they were added. Damaged parts are
///   skipped and listed in ``TraceFile/damage``.
/// - Trap: a `var` captured by a handler costs an exclusivity check per access, more than the event
///   itself. In performance-critical code, keep totals behind an `UnsafeMutablePointer`.
/// - Cost: a run reads only the blocks that contain requested event types at requested times, and
///   decodes only the fields of those types. Blocks are decoded ahead on other cores. Memory is
///   bounded by the blocks whose times overlap, by ``memoryBytesMax``, and by the few blocks that
///   are decoded ahead.
public final class Replay {
  @usableFromInline typealias BatchHandler = (borrowing EventBatch) throws -> Void

  struct Subscription {
    /// Schema of the requested type; nil for every type.
    var schema: EventSchema?
    var filter: ReplayFilter
    var fields: EventFields
    var handle: BatchHandler
  }

  public let file: TraceFile
  /// Filter for the events of all subscriptions, in addition to each subscription's own. Must be
  /// set before ``run()``. Its time range also applies to losses.
  public var filter = ReplayFilter()
  /// Memory limit for blocks whose times overlap. A trace that needs more is still delivered
  /// completely, but ``isOrdered`` is false afterwards.
  public var memoryBytesMax = 160 << 20
  /// Whether all events were delivered in time order.
  public internal(set) var isOrdered = true
  /// Requested types that cannot be decoded because a field's type has changed.
  public internal(set) var unreadableTypes: [EventSchema] = []
  /// Number of threads that decode blocks ahead of the handlers; nil for the number of spare cores.
  /// With 0, everything happens on the thread that calls ``run()``.
  package var decodingThreads: Int?

  var subscriptions: [Subscription] = []
  var lossHandlers: [(LossRecord) throws -> Void] = []
  private var aheadHandlers: [(LossRecord) throws -> Void] = []
  /// Number of blocks, from the trace's first on, that earlier runs have delivered.
  private var consumedBlocks = 0
  /// Those of them that have events after ``deliveredTicks``.
  private var begunBlocks: [Int] = []
  /// Last ticks of the earlier runs; `.max` if they delivered all that was there.
  private var deliveredTicks: UInt64 = 0
  /// Whether a live trace runs the replay again whenever the file has grown.
  public internal(set) var isGrowing = false

  /// The time up to which the trace is delivered: nanoseconds since its start, or `.max` if all of
  /// it is.
  package var deliveredTime: Int64 {
    isGrowing && deliveredTicks < .max ? file.timestamp(ofTicks: deliveredTicks) : .max
  }

  public init(_ file: TraceFile) { self.file = file }

  /// Subscribes to the events of a type, decoded, including those written with an older or newer
  /// version of the schema.
  @inlinable
  public func on<Event: TraceEvent>(
    _ type: Event.Type, _ handler: @escaping (Event, EventHeader) throws -> Void
  ) {
    on(type, where: ReplayFilter(), handler)
  }

  /// Subscribes to the events of a type that pass a filter, decoded.
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

  /// Subscribes to every event that passes a filter, without decoding.
  ///
  /// - Parameter fields: the fields that the handler reads in addition to the header. Fields that
  ///   no handler requests read as 0 or empty.
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

  /// Subscribes to losses. A loss is delivered among the events at the time at which it ends.
  public func onLoss(_ handler: @escaping (LossRecord) throws -> Void) {
    lossHandlers.append(handler)
  }

  /// Subscribes to losses ahead of the events: each run delivers those that were recorded since the
  /// last one, in the order of their ends, before its first event. The filter does not apply.
  ///
  /// - Cost: reads the blocks of losses once more.
  package func onLossAhead(_ handler: @escaping (LossRecord) throws -> Void) {
    aheadHandlers.append(handler)
  }

  @usableFromInline
  func subscribe(
    _ schema: EventSchema?, _ filter: ReplayFilter, _ fields: EventFields,
    _ handle: @escaping BatchHandler
  ) {
    subscriptions.append(
      Subscription(schema: schema, filter: filter, fields: fields, handle: handle))
  }

  /// Delivers all events and losses, then returns. Another call, after ``TraceFile/refresh()``,
  /// delivers what has been added since.
  ///
  /// - Throws: errors thrown by handlers, except ``ReplayStop``; a ``FormatError`` if the file can
  ///   no longer be read.
  public func run() throws {
    try file.checkIndex()
    try run(upTo: file.index.blocks.count)
  }

  /// Delivers what the runs of another replay of the same file have delivered, if that replay
  /// delivers whole blocks.
  package func run(after other: Replay) throws {
    try run(upTo: max(0, other.consumedBlocks - file.index.forgottenBlocks))
  }

  /// Delivers the events and losses up to a time, in order. Another call delivers those up to a
  /// later time, including those that were recorded late.
  func run(through ticks: UInt64) throws {
    try file.checkIndex()
    try run(upTo: file.index.blocks.count, through: ticks)
  }

  private func run(upTo end: Int, through ticks: UInt64 = .max) throws {
    let forgotten = file.index.forgottenBlocks
    let begin = max(0, consumedBlocks - forgotten)
    let scope = ReplayScope(
      begun: begunBlocks.map { $0 - forgotten }.filter { $0 >= 0 }, delivered: deliveredTicks,
      new: begin..<max(begin, end), through: max(ticks, deliveredTicks))
    consumedBlocks = forgotten + scope.new.upperBound
    begunBlocks = scope.unfinished(in: file.index).map { $0 + forgotten }
    deliveredTicks = scope.through
    file.replayRuns += 1
    do {
      try deliverAhead(scope)
      try ReplayRun(self, scope).handOut()
    } catch is ReplayStop {}
  }

  private func deliverAhead(_ scope: ReplayScope) throws {
    guard !aheadHandlers.isEmpty else { return }
    var losses: [LossRecord] = []
    for position in scope.new where file.index.blocks[position].kind == BlockKind.losses {
      losses += try file.losses(of: file.index.blocks[position])
    }
    for loss in losses.sorted(by: { $0.toTicks < $1.toTicks }) {
      for handler in aheadHandlers { try handler(loss) }
    }
  }
}
