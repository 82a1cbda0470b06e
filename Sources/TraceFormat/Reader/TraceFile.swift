public import TraceEvents

/// A type of event that a file has.
public struct EventType: Sendable {
  /// Position in ``TraceFile/eventTypes``.
  public var index: Int
  /// The number that blocks call it by.
  public var ref: UInt16
  public var schema: EventSchema
  /// How many are in the file.
  public var count: UInt64
}

/// What was lost in all, by ring, cause and process.
public struct LossTotal: Hashable, Sendable {
  public var stream: UInt32
  public var cpu: UInt16
  public var cause: LossCause
  public var processIndex: UInt32?
  public var count: UInt64
  public var firstTicks: UInt64
  public var lastTicks: UInt64
}

/// A trace file, opened for reading; also one that is still being written, was cut, or is damaged.
///
/// - Guarantee: whatever the bytes are, opening neither crashes nor takes memory beyond the limits
///   of SPEC.md; every whole block is found, and ``damage`` lists the rest.
/// - Cost: with the closing index, a few reads however large the file; without, one pass over it.
/// - Trap: with the index, damage inside a block shows only when the block is read: by a replay, or
///   by ``verify()``.
public final class TraceFile {
  public let path: String
  /// What the session said of itself; made up from what there is when that part is damaged.
  public internal(set) var session: SessionDescription
  public internal(set) var eventTypes: [EventType] = []
  public internal(set) var lossTotals: [LossTotal] = []
  /// Why and where the file cannot be read, as far as it is known by now. The last may be a block
  /// that is being written.
  public var damage: [Damage] { log.entries + (tail.map { [$0] } ?? []) }
  /// Whether the writer finished the file; if not, it is being written, or was cut.
  public internal(set) var isComplete = false
  /// Ticks up to which an unfinished file has every event of every program, or counts it as lost.
  /// Of later events, some may be missing before others that are there. Nil for a complete file,
  /// and where the writer has not said.
  ///
  /// - Trap: does not cover what the session records itself, such as samples, nor damage.
  public var completeTicks: UInt64? { isComplete ? nil : definitions.completeTicks }
  /// The version of the format, as in "1.0".
  public internal(set) var version = "\(FileLayout.versionMajor).\(FileLayout.versionMinor)"

  /// What tells the trace's blocks from any other's; nil before the first was read.
  package var fileID: UInt32? { reader.fileID }

  /// How many times a replay went over the file.
  package var replayRuns = 0

  let source: TraceBytes
  var reader: BlockReader
  var scan: BlockScan
  var definitions = Definitions()
  var index = BlockIndex()
  var ledger = LossLedger()
  var syncs: [ClockSync] = []
  var clock: ClockMap
  var stackCache = StackCache()
  var symbolStore = SymbolStore()
  var unpackRoom = GrowingBuffer<UInt8>(capacity: 1024)
  var log = DamageLog()
  /// Whether the closing index was believed.
  var isIndexed = false
  package let isLive: Bool
  /// Called by a scan with each block that it has taken in.
  var inspect: ((BlockHeader, UInt64) throws(FormatError) -> Void)?
  /// What a scan needs to know: the ids of stacks so far, the index if it came last, what
  /// the index says, and how many losses were read.
  var stackIDs = StackEpochs()
  var closingIndex: (offset: UInt64, header: BlockHeader)?
  var scannedIndex: IndexContent?
  var indexPlace: (offset: UInt64, payloadBytes: Int)?
  var lossRecordCount = 0
  /// The part at the end that is not a whole block (yet).
  var tail: Damage?

  /// - Throws: ``FormatError/io(operation:path:code:)``, ``FormatError/notATrace(path:)`` when
  ///   there is neither a file header nor one whole block, or ``FormatError/foreignFile(path:_:)``,
  ///   ``FormatError/unsupportedVersion(major:minor:)``.
  public convenience init(path: String) throws(FormatError) {
    try self.init(source: try TraceBytes(path: path))
  }

  /// A trace that lies in memory; `name` is what messages call it.
  public convenience init(bytes: [UInt8], name: String = "bytes") throws(FormatError) {
    try self.init(source: TraceBytes(bytes: bytes, name: name))
  }

  /// - Parameter isLive: blocks are still to come, and a file header is not.
  init(source: TraceBytes, isLive: Bool = false) throws(FormatError) {
    self.source = source
    self.isLive = isLive
    path = source.path
    reader = BlockReader(source: source)
    session = Self.unknownSession(syncs: [])
    clock = ClockMap(session: session, syncs: [])
    scan =
      isLive
      ? BlockScan(position: 0, nextSequence: nil)
      : BlockScan(position: UInt64(FileLayout.fileHeaderBytes))
    if isLive { return }
    let hasHeader = try readFileHeader()
    if try !readIndex() { try scanForward() }
    guard hasHeader || !index.blocks.isEmpty else { throw try notATrace() }
    settle()
  }

  /// A file of which nothing but the header has been read: for a scan.
  init(unread source: TraceBytes) throws(FormatError) {
    self.source = source
    isLive = false
    path = source.path
    reader = BlockReader(source: source)
    session = Self.unknownSession(syncs: [])
    clock = ClockMap(session: session, syncs: [])
    scan = BlockScan(position: UInt64(FileLayout.fileHeaderBytes))
    _ = try readFileHeader()
  }

  /// A file that is being written, by the content of the index that would close it now.
  init(
    source: TraceBytes, index: UnsafeRawBufferPointer, end: UInt64
  ) throws(FormatError) {
    self.source = source
    isLive = false
    path = source.path
    reader = BlockReader(source: source)
    session = Self.unknownSession(syncs: [])
    clock = ClockMap(session: session, syncs: [])
    scan = BlockScan(position: end)
    guard try readFileHeader() else { throw .notATrace(path: path) }
    try absorbIndex(index, end: end)
    scan = BlockScan(
      position: end, nextSequence: UInt32(truncatingIfNeeded: self.index.blocks.count))
    settle()
  }

  /// The same file for another thread: what it reads, keeps and finds damaged is its own.
  ///
  /// - Precondition: the file is not live. It is not refreshed while its twin is used.
  package init(twinOf file: TraceFile) {
    precondition(!file.isLive, "a live trace has no twin")
    source = file.source
    isLive = false
    path = file.path
    reader = BlockReader(source: source, fileID: file.reader.fileID)
    (session, clock, scan) = (file.session, file.clock, file.scan)
    (eventTypes, lossTotals, log) = (file.eventTypes, file.lossTotals, file.log)
    (isComplete, version, isIndexed) = (file.isComplete, file.version, file.isIndexed)
    (definitions, index, ledger, syncs) = (file.definitions, file.index, file.ledger, file.syncs)
    (symbolStore, tail) = (file.symbolStore, file.tail)
  }

  /// Lists what a twin found damaged.
  package func takeDamage(of twin: TraceFile) { log.take(twin.log) }

  /// Bytes in the file, as far as they have been looked at.
  public var byteCount: UInt64 { scan.position + (tail?.byteCount ?? 0) }
  public var eventCount: UInt64 { index.eventCount }
  public var blockCount: Int { index.blocks.count }
  /// The blocks that are not known to be damaged, and the events that can be read.
  ///
  /// - Cost: a look at each block's entry in memory.
  /// - Trap: with an index, damage shows only when a block is read (``verify()``).
  public var readable: (blocks: Int, events: UInt64) { log.readable(index.blocks) }
  /// Providers that had something to say, with the events that the file has of them.
  public var providers: [ProviderSchema] {
    var result = definitions.providers
    for type in eventTypes {
      if let known = result.firstIndex(where: { $0.name == type.schema.provider }) {
        result[known].events.append(type.schema)
      } else {
        result.append(ProviderSchema(name: type.schema.provider, events: [type.schema]))
      }
    }
    return result
  }

  /// In the order of their indexes.
  public var processes: [ProcessRecord] {
    definitions.processes.values.sorted { $0.index < $1.index }
  }

  /// In the file's order.
  public var clockSyncs: [ClockSync] { syncs }

  /// First and last event; nil when there is none.
  public var ticksRange: ClosedRange<UInt64>? {
    var range: ClosedRange<UInt64>?
    for block in index.blocks where block.kind == BlockKind.events {
      let first = min(range?.lowerBound ?? block.first, block.first)
      range = first...max(range?.upperBound ?? block.last, block.last)
    }
    return range
  }

  /// Nanoseconds between the first and the last event.
  public var durationNanoseconds: UInt64 {
    guard let range = ticksRange else { return 0 }
    let span =
      clock.timestamp(ofTicks: range.upperBound) &- clock.timestamp(ofTicks: range.lowerBound)
    return UInt64(clamping: span)
  }

  /// Nanoseconds from the trace's start to `ticks`.
  public func timestamp(ofTicks ticks: UInt64) -> Int64 { clock.timestamp(ofTicks: ticks) }

  /// - Cost: a dictionary look-up.
  public func process(index: UInt32) -> ProcessRecord? { definitions.processes[index] }

  /// Nanoseconds since 1970 (UTC) at the trace's time zero.
  public var startUnixNanoseconds: Int64 {
    Int64(truncatingIfNeeded: session.start.realtimeNanoseconds)
  }

  /// Counts events that came, but not to this reader of a live trace.
  func note(_ loss: LossRecord) {
    ledger.add(loss)
    lossTotals = ledger.totals
  }

  /// Looks for blocks that were written since; true when there are.
  ///
  /// - Cost: what is new is read once.
  public func refresh() throws(FormatError) -> Bool {
    guard !isComplete else { return false }
    let before = index.blocks.count
    try scanForward()
    guard index.blocks.count > before else { return false }
    settle()
    return true
  }
}
