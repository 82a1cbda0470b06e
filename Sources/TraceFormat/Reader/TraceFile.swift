public import TraceEvents

/// A type of event in a file.
public struct EventType: Sendable {
  /// Position in ``TraceFile/eventTypes``.
  public var index: Int
  /// Number by which blocks refer to the type.
  public var ref: UInt16
  public var schema: EventSchema
  /// Number of events of the type in the file.
  public var count: UInt64
}

/// Total number of losses for a ring, cause and process.
public struct LossTotal: Hashable, Sendable {
  public var stream: UInt32
  public var cpu: UInt16
  public var cause: LossCause
  public var processIndex: UInt32?
  public var count: UInt64
  public var firstTicks: UInt64
  public var lastTicks: UInt64
}

/// A trace file opened for reading; it may be still being written, truncated or damaged.
///
/// - Guarantee: whatever the bytes, opening neither crashes nor takes memory beyond the limits of
///   SPEC.md; every intact block is found, and ``damage`` lists the rest.
/// - Cost: with a closing index, a few reads regardless of the file's size; without, one pass over
///   the file.
/// - Trap: with an index, damage inside a block is detected only when the block is read, by a
///   replay or by ``verify()``.
public final class TraceFile {
  public let path: String
  /// The session's description of itself; reconstructed from the available data if that part is
  /// damaged.
  public internal(set) var session: SessionDescription
  public internal(set) var eventTypes: [EventType] = []
  public internal(set) var lossTotals: [LossTotal] = []
  /// The damage known so far: reason and position of each unreadable part. The last entry may be a
  /// block that is still being written.
  public var damage: [Damage] { log.entries + (tail.map { [$0] } ?? []) }
  /// Whether the writer finished the file. If false, it is being written or was truncated.
  public internal(set) var isComplete = false
  /// Ticks up to which an unfinished file has every event of every program, or counts it as lost.
  /// Later events may be missing even if still later ones are present. Nil for a complete file, and
  /// if the writer has not recorded it.
  ///
  /// - Trap: does not cover events recorded by the session itself, such as samples, nor damage.
  public var completeTicks: UInt64? { isComplete ? nil : definitions.completeTicks }
  /// Version of the format, such as "1.0".
  public internal(set) var version = "\(FileLayout.versionMajor).\(FileLayout.versionMinor)"

  /// Identifier that the trace's block headers carry; nil before the first block was read.
  package var fileID: UInt32? { reader.fileID }

  /// Number of replays run over the file.
  package var replayRuns = 0

  let source: TraceBytes
  var reader: BlockReader
  var scan: BlockScan
  var definitions = Definitions()
  // One thread at a time uses a file. Each lookup of a stack reads these two.
  @exclusivity(unchecked) var index = BlockIndex()
  @exclusivity(unchecked) var stackCache = StackCache()
  var ledger = LossLedger()
  var syncs: [ClockSync] = []
  var clock: ClockMap
  var symbolStore = SymbolStore()
  var unpackRoom = GrowingBuffer<UInt8>(capacity: 1024)
  var log = DamageLog()
  /// What a scan by ``verify()`` has found readable. The log then has damage at places where the
  /// index has blocks.
  var verified: (blocks: Int, events: UInt64)?
  /// Whether the file was opened by its closing index.
  var isIndexed = false
  /// Whether the index has been compared with the blocks.
  var isIndexChecked = false
  package let isLive: Bool
  /// Called by a scan after it has processed a block.
  var inspect: ((BlockHeader, UInt64) throws(FormatError) -> Void)?
  /// State of a scan: the ids of stacks so far, the index if it was the last block, the content of
  /// the index, and the number of losses read.
  var stackIDs = StackEpochs()
  var closingIndex: (offset: UInt64, header: BlockHeader)?
  var scannedIndex: IndexContent?
  var indexPlace: (offset: UInt64, payloadBytes: Int)?
  var lossRecordCount = 0
  /// Bytes at the end that do not form an intact block (yet).
  var tail: Damage?

  /// Opens the file at `path`.
  ///
  /// - Parameter name: name for messages and for ``path``; the path if nil.
  /// - Throws: ``FormatError/io(operation:path:code:)``; ``FormatError/notATrace(path:)`` if there
  ///   is neither a file header nor an intact block; ``FormatError/foreignFile(path:_:)``;
  ///   ``FormatError/unsupportedVersion(major:minor:)``.
  public convenience init(path: String, name: String? = nil) throws(FormatError) {
    try self.init(source: try TraceBytes(path: path, name: name))
  }

  /// Opens a trace in memory. `name` is used in messages.
  public convenience init(bytes: [UInt8], name: String = "bytes") throws(FormatError) {
    try self.init(source: TraceBytes(bytes: bytes, name: name))
  }

  /// - Parameter isLive: whether the blocks arrive later, without a file header.
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

  /// Creates a file of which only the header has been read, for a scan.
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

  /// Creates a file that is still being written, from the content of the index that would close it
  /// now.
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

  /// Creates a copy of the file for another thread. Its reader, caches and damage list are
  /// independent.
  ///
  /// - Precondition: the file is not live, and is not refreshed while the copy is in use.
  package init(twinOf file: TraceFile) {
    precondition(!file.isLive, "a live trace has no twin")
    source = file.source
    isLive = false
    path = file.path
    reader = BlockReader(source: source, fileID: file.reader.fileID)
    (session, clock, scan) = (file.session, file.clock, file.scan)
    (eventTypes, lossTotals, log) = (file.eventTypes, file.lossTotals, file.log)
    (isComplete, version) = (file.isComplete, file.version)
    (isIndexed, isIndexChecked) = (file.isIndexed, file.isIndexChecked)
    (definitions, index, ledger, syncs) = (file.definitions, file.index, file.ledger, file.syncs)
    (symbolStore, tail) = (file.symbolStore, file.tail)
  }

  /// Adds the damage found by a twin.
  package func takeDamage(of twin: TraceFile) { log.take(twin.log) }

  /// Size of the file in bytes, as far as it has been scanned.
  public var byteCount: UInt64 { scan.position + (tail?.byteCount ?? 0) }
  public var eventCount: UInt64 { index.eventCount }
  public var blockCount: Int { index.blocks.count }
  /// Number of blocks not known to be damaged, and number of readable events.
  ///
  /// - Cost: inspects each block's entry in memory.
  /// - Trap: with an index, damage is detected only when a block is read (``verify()``).
  public var readable: (blocks: Int, events: UInt64) { verified ?? log.readable(index.blocks) }
  /// Providers with a description or events in the file, with their events.
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

  /// Processes in the order of their indexes.
  public var processes: [ProcessRecord] {
    definitions.processes.values.sorted { $0.index < $1.index }
  }

  /// Number of processes in the file.
  package var processCount: Int { definitions.processes.count }

  /// Clock syncs in the file's order.
  public var clockSyncs: [ClockSync] { syncs }

  /// Ticks of the first and the last event; nil if there are no events.
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

  /// Returns the nanoseconds from the trace's start to `ticks`.
  public func timestamp(ofTicks ticks: UInt64) -> Int64 { clock.timestamp(ofTicks: ticks) }

  /// Returns the process with this index; nil if unknown.
  ///
  /// - Cost: a dictionary lookup.
  public func process(index: UInt32) -> ProcessRecord? { definitions.processes[index] }

  /// Nanoseconds from 1970 (UTC) to the trace's time zero.
  public var startUnixNanoseconds: Int64 {
    Int64(truncatingIfNeeded: session.start.realtimeNanoseconds)
  }

  /// Counts the events of a loss, which did not reach this reader of a live trace.
  func note(_ loss: LossRecord) {
    ledger.add(loss)
    lossTotals = ledger.totals
  }

  /// Looks for blocks written since the last scan. Returns whether there are any.
  ///
  /// - Cost: new blocks are read once.
  public func refresh() throws(FormatError) -> Bool {
    guard !isComplete else { return false }
    let before = index.blocks.count
    try scanForward()
    guard index.blocks.count > before else { return false }
    settle()
    return true
  }
}
