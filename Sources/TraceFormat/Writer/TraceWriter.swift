public import TraceEvents

/// Writes one trace from event records whose fields are encoded as words. ``Recorder`` is the typed
/// interface to it.
///
/// Write definitions (events, providers, processes) first, then the events that refer to them, ring
/// by ring: ``beginStretch(stream:cpu:)``, then
/// ``append(ref:ticks:process:tid:flags:words:count:)``.
///
/// - Guarantee: the file is always readable up to the last complete block. After an error
///   (``failure``) nothing more is written, and events are dropped, not kept.
/// - Cost: memory is bounded: the events of a block, a stack table, the definitions, and some bytes
///   per block for the index.
public struct TraceWriter: ~Copyable {
  /// Called with the bytes of every block, of any kind and including the header, after it was
  /// written. ``LiveTrace/feed(_:)`` reads them while the trace is written.
  public var onBlock: ((UnsafeRawBufferPointer) -> Void)?
  /// The first error that occurred.
  public private(set) var failure: FormatError?
  /// Number of events appended.
  public private(set) var eventCount: UInt64 = 0

  private var sink: TraceOutput
  private var isFinished = false
  package let fileID: UInt32
  private var events: EventBlockBuilder
  var stacks: StackTable
  var encoder = ColumnEncoder()
  private var compressor = Compressor()
  private var block = GrowingBuffer<UInt8>(capacity: 1 << 20)
  var content = GrowingBuffer<UInt8>(capacity: 1 << 16)
  private var index = BlockIndex()
  /// Definitions that have not been written to a block yet, and all definitions, for the index.
  private var pendingMetadata = ByteWriter()
  private var pendingRecords = 0
  var allMetadata = ByteWriter()
  var allRecords = 0
  private var repetition = Repetition()
  private var processes = DefinedProcesses()
  private var pendingLosses: [LossRecord] = []
  private var ledger = LossLedger()
  private var symbols = PendingSymbols()
  private var pendingSyncs: [ClockSync] = []
  var allSyncs: [ClockSync] = []

  /// Whether ``reopened()`` can succeed; pipes and other sinks cannot be read back.
  public var canBeReopened: Bool { sink.isReadable }

  /// Number of bytes written so far.
  public var byteCount: UInt64 { sink.byteCount }

  /// Numbers of processes that the file does not describe fully, because its limits were reached.
  public var limitedProcesses: LimitedProcesses {
    LimitedProcesses(shortened: processes.shortened, omitted: processes.omitted)
  }

  init(
    _ output: consuming TraceOutput, session: SessionDescription, options: Options
  ) throws(FormatError) {
    sink = output
    let seed = UInt64.random(in: .min ... .max)
    fileID = options.fileID ?? UInt32.random(in: .min ... .max)
    events = EventBlockBuilder(options: options, seed: seed)
    stacks = StackTable(seed: seed, limit: options.stackNodes)
    let header = FileHeader(fileID: fileID).bytes
    var failure: FormatError?
    header.withUnsafeBytes { bytes in
      do throws(FormatError) { try self.sink.write(bytes) } catch { failure = error }
    }
    if let failure { throw failure }
    addMetadata(RecordTag.session) { session.write(to: &$0) }
    clockSync(session.start)
    writePending()
    if let failure = self.failure { throw failure }
  }

  // MARK: Definitions

  /// Defines the schema of the events with this ref. Must be called once per ref, before its first
  /// event.
  ///
  /// - Throws: ``FormatError/unacceptableSchema(name:reason:)`` if the ref is 0 or already defined,
  ///   or if readers would reject the schema.
  public mutating func define(ref: UInt16, schema: EventSchema) throws(FormatError) {
    if let reason = schema.limitViolation {
      throw .unacceptableSchema(name: schema.name, reason: reason)
    }
    var form = ByteWriter()
    schema.write(to: &form)
    guard form.bytes.count <= FileLayout.schemaBytesMax else {
      throw .unacceptableSchema(
        name: schema.name, reason: "it takes more than \(FileLayout.schemaBytesMax) bytes")
    }
    guard ref != 0, events.define(ref: ref, schema: schema) else {
      throw .unacceptableSchema(name: schema.name, reason: "reference \(ref) is already used")
    }
    addMetadata(RecordTag.event) { writer in
      writer.append(fixed: ref)
      writer.bytes.append(contentsOf: form.bytes)
    }
  }

  /// Defines a provider: its name and keywords. Its events are defined individually.
  public mutating func define(provider: ProviderSchema) {
    var heading = provider
    heading.name = heading.name.cut(toBytes: SchemaLimits.nameBytes)
    heading.keywords = Array(heading.keywords.prefix(SchemaLimits.keywords)).map {
      KeywordSchema($0.name.cut(toBytes: SchemaLimits.nameBytes), $0.keywords)
    }
    addMetadata(RecordTag.provider) { heading.writeHeading(to: &$0) }
  }

  /// Defines a process. A repeated call with the same index adds to its definition.
  ///
  /// - Guarantee: the memory for processes, of this writer and of readers, is bounded. A file has
  ///   records of 131,072 processes that have not joined a session themselves, in 16 MiB; records
  ///   beyond 8 MiB have no path and no arguments. ``limitedProcesses`` counts what was left out.
  public mutating func define(process: ProcessRecord) {
    if let record = processes.add(process) {
      addMetadata(RecordTag.process) { record.write(to: &$0) }
    }
    if let end = process.endTicks { processEnded(index: process.index, atTicks: end) }
  }

  /// Records that the process has ended or has left the session. Events of the process that come
  /// after 65,536 more ends have no pid.
  public mutating func processEnded(index: UInt32, atTicks ticks: UInt64) {
    guard processes.end(index) else { return }
    addMetadata(RecordTag.processEnd) { writer in
      writer.append(varint: UInt64(index))
      writer.append(varint: ticks)
    }
  }

  /// Defines functions for addresses in the file, so that they have names even if the image is not
  /// available. An image, including the kernel and the vDSO, may be defined in parts.
  ///
  /// - Guarantee: content that readers would reject is cut or omitted: texts beyond 64 KiB, build
  ///   ids beyond 64 bytes, functions beyond 1,048,576 per file.
  public mutating func define(symbols image: ImageSymbols) {
    guard failure == nil, !isFinished else { return }
    symbols.add(image)
    while symbols.isFull { writeSymbols() }
  }

  private mutating func addMetadata(_ tag: UInt64, _ body: (inout ByteWriter) -> Void) {
    guard failure == nil, !isFinished else { return }
    let start = pendingMetadata.bytes.count
    pendingMetadata.appendRecord(tag, body)
    allMetadata.bytes.append(contentsOf: pendingMetadata.bytes[start...])
    pendingRecords += 1
    allRecords += 1
    if pendingRecords == FileLayout.recordsPerBlockMax || pendingMetadata.bytes.count > 1 << 20 {
      writeMetadata()
    }
  }

  /// Records a clock sync, from which readers map ticks to nanoseconds. One per flush suffices.
  public mutating func clockSync(_ sync: ClockSync) {
    guard failure == nil, !isFinished else { return }
    pendingSyncs.append(sync)
    // Readers use only this many syncs.
    if allSyncs.count < FileLayout.syncsMax { allSyncs.append(sync) }
    if pendingSyncs.count == FileLayout.recordsPerBlockMax { writeClock() }
  }

  /// Records events that are not in the file, and the reason.
  public mutating func loss(_ record: LossRecord) {
    guard failure == nil, !isFinished, record.count > 0 else { return }
    var kept = record
    kept.toTicks = max(record.fromTicks, record.toTicks)
    pendingLosses.append(kept)
    ledger.add(kept)
    if pendingLosses.count == FileLayout.recordsPerBlockMax { writeLosses() }
  }

  // MARK: Events

  /// Begins a stretch: the following events come from this ring, in ascending order of ticks.
  public mutating func beginStretch(stream: UInt32, cpu: UInt16) {
    events.beginStretch(stream: stream, cpu: cpu)
  }

  /// Appends an event. `words` are its fields as written by ``EventEncoder``, followed, if `flags`
  /// contains ``EventFlags/stack``, by the stack's addresses, innermost first.
  ///
  /// - Returns: false, with nothing appended, if the words do not fit the schema or `ref` has none.
  /// - Cost: no allocation in the steady state. Every 65,536 events, the call encodes and writes
  ///   the block.
  public mutating func append(
    ref: UInt16, ticks: UInt64, process: UInt32, tid: UInt32, flags: UInt8,
    words: UnsafePointer<UInt64>, count: Int
  ) -> Bool {
    guard let used = events.measure(ref: ref, words: words, count: count) else { return false }
    var stack: UInt32 = 0
    if flags & EventFlags.stack.rawValue != 0 {
      let frames = count - used
      guard frames <= FileLayout.stackFramesMax else { return false }
      stack = intern(words + used, frames)
    } else if used != count {
      return false
    }
    guard failure == nil, !isFinished else { return true }
    events.append(
      ref: ref, ticks: ticks, process: process, tid: tid, flags: flags, stack: stack, words: words,
      wordCount: count)
    eventCount &+= 1
    if events.isFull { writePending() }
    return true
  }

  private mutating func intern(_ addresses: UnsafePointer<UInt64>, _ frames: Int) -> UInt32 {
    let isFull = stacks.isFull(adding: frames)
    if isFull || stacks.isDue(adding: frames) { writeStacks() }
    if isFull { stacks.forget() }
    return stacks.intern(addresses, frames)
  }

  // MARK: Writing

  /// Writes everything appended so far. If `ticks` is given, then records that every event of every
  /// ring up to these ticks was appended or reported as lost.
  public mutating func flush(completeTo ticks: UInt64? = nil) throws(FormatError) {
    writePending()
    if let ticks, !isFinished {
      content.count = 0
      CompletenessRecord(ticks: ticks).write(to: &content)
      writePacked(BlockKind.metadata, count: 1, first: 0, last: 0)
    }
    if let failure { throw failure }
  }

  /// Writes the pending definitions, so that they are in the file should the writer die.
  public mutating func flushDefinitions() { writeMetadata() }

  /// Writes the remaining data, the index and the end. Nothing may be written afterwards.
  public mutating func finish() throws(FormatError) {
    guard !isFinished else { throw failure ?? .closed }
    // The index repeats the definitions.
    writePending(isLast: true)
    writeIndex()
    isFinished = true
    if let failure { throw failure }
  }

  /// Writes pending data; definitions precede the events that refer to them.
  mutating func writePending(isLast: Bool = false) {
    writeMetadata()
    writeClock()
    writeStacks()
    let hasEvents = !events.isEmpty
    writeEvents()
    if hasEvents, !isLast { repeatMetadata() }
    writeLosses()
    while !symbols.isEmpty { writeSymbols() }
  }

  private mutating func writeSymbols() {
    content.count = 0
    let images = symbols.takeBlock()
    images.write(to: &content, with: &encoder)
    writePacked(BlockKind.symbols, count: images.count, first: 0, last: 0)
  }

  private mutating func writeMetadata() {
    guard pendingRecords > 0 else { return }
    content.count = 0
    pendingMetadata.bytes.withUnsafeBytes { content.append($0) }
    writePacked(BlockKind.metadata, count: pendingRecords, first: 0, last: 0)
    pendingMetadata.bytes.removeAll(keepingCapacity: true)
    pendingRecords = 0
  }

  /// Writes definitions again that are stored only once or were last written long ago.
  private mutating func repeatMetadata() {
    guard
      let due = repetition.due(
        metadataBytes: allMetadata.bytes.count, records: allRecords, fileBytes: sink.byteCount)
    else { return }
    content.count = 0
    allMetadata.bytes[due.byte...].withUnsafeBytes { content.append($0) }
    writePacked(BlockKind.metadata, count: due.records, first: 0, last: 0)
  }

  private mutating func writeClock() {
    guard let first = pendingSyncs.first else { return }
    content.count = 0
    pendingSyncs.write(to: &content, with: &encoder)
    let ticks = pendingSyncs.reduce(into: (first.ticks, first.ticks)) {
      $0 = (min($0.0, $1.ticks), max($0.1, $1.ticks))
    }
    writePacked(BlockKind.clock, count: pendingSyncs.count, first: ticks.0, last: ticks.1)
    pendingSyncs.removeAll(keepingCapacity: true)
  }

  private mutating func writeLosses() {
    guard let first = pendingLosses.first else { return }
    content.count = 0
    pendingLosses.write(to: &content, with: &encoder)
    // Losses are ordered by the ticks at which they end, because a replay reports them there.
    let ticks = pendingLosses.reduce(into: (first.toTicks, first.toTicks)) {
      $0 = (min($0.0, $1.toTicks), max($0.1, $1.toTicks))
    }
    writePacked(BlockKind.losses, count: pendingLosses.count, first: ticks.0, last: ticks.1)
    pendingLosses.removeAll(keepingCapacity: true)
  }

  private mutating func writeStacks() {
    guard stacks.hasPending else { return }
    content.count = 0
    let count = stacks.pendingCount
    let last = stacks.encodePending(into: &content, with: &encoder)
    writePacked(BlockKind.stacks, count: count, first: UInt64(stacks.epoch), last: UInt64(last))
  }

  private mutating func writeEvents() {
    guard !events.isEmpty else { return }
    let count = events.count
    let (first, last) = (events.firstTicks, events.lastTicksOfAll)
    var types: [(ref: UInt16, count: Int)] = []
    events.forEachType { types.append((ref: $0, count: $1)) }
    beginBlock()
    let processes = processes
    events.encode(into: &block, with: &encoder, &compressor) { processes[$0] ?? 0 }
    endBlock(BlockKind.events, count: count, first: first, last: last, types: types)
  }

  /// Opens the file written so far, including everything that was appended, for reading. The writer
  /// must not be used in the meantime.
  ///
  /// - Cost: no block is read; memory is that of the index.
  public mutating func reopened() throws(FormatError) -> TraceFile {
    try flush()
    encodeIndex()
    return try sink.reopened(index: content.rawBytes)
  }

  private mutating func encodeIndex() {
    content.count = 0
    content.append(varint: UInt64(allMetadata.bytes.count))
    allMetadata.bytes.withUnsafeBytes { content.append($0) }
    allSyncs.write(to: &content, with: &encoder)
    ledger.records.write(to: &content, with: &encoder)
    index.write(to: &content, with: &encoder)
  }

  private mutating func writeIndex() {
    let offset = sink.byteCount
    encodeIndex()
    // A file too large for an index is read by scanning it.
    guard content.count + PackedPayload.headerBytes <= FileLayout.indexPayloadBytesMax else {
      return
    }
    writePacked(BlockKind.index, count: index.blocks.count, first: 0, last: 0)
    beginBlock()
    let end = UnsafeMutableRawPointer(block.extend(FileLayout.endPayloadBytes))
    end.store(word64: offset, at: 0)
    end.store(word64: sink.byteCount, at: 8)
    endBlock(BlockKind.end, count: 0, first: 0, last: 0)
  }

  mutating func writePacked(_ kind: UInt8, count: Int, first: UInt64, last: UInt64) {
    beginBlock()
    PackedPayload.append(content.rawBytes, to: &block, &compressor)
    endBlock(kind, count: count, first: first, last: last)
  }

  private mutating func beginBlock() {
    block.count = 0
    _ = block.extend(FileLayout.blockHeaderBytes)
  }

  private mutating func endBlock(
    _ kind: UInt8, count: Int, first: UInt64, last: UInt64,
    types: [(ref: UInt16, count: Int)] = []
  ) {
    guard failure == nil else { return }
    let payload = UnsafeRawBufferPointer(
      rebasing: block.rawBytes[FileLayout.blockHeaderBytes...])
    let header = BlockHeader(
      fileID: fileID, kind: kind, payloadBytes: payload.count, count: count,
      sequence: UInt32(truncatingIfNeeded: index.blocks.count), first: first, last: last,
      payloadChecksum: checksum(payload))
    header.write(to: block.base)
    let offset = sink.byteCount
    do throws(FormatError) {
      try sink.write(block.rawBytes)
    } catch {
      failure = error
      return
    }
    index.append(
      offset: offset, kind: kind, payloadBytes: payload.count, count: count, first: first,
      last: last, types: types)
    onBlock?(block.rawBytes)
  }
}
