public import TraceEvents

/// Records typed events into a trace: a file, a pipe, memory, or any other ``ByteSink``.
///
///     let memory = MemorySink()
///     var recorder = try Recorder(to: memory, session: session)
///     let shop = recorder.addProcess(ProcessRecord(pid: 77, executable: "/usr/bin/shop"))
///     try recorder.append(
///       OrderPlaced(id: 7), RecordHeader(ticks: 2000, process: shop, tid: 78), stack: [0x401000])
///     try recorder.finish()
///     let replay = Replay(try TraceFile(bytes: memory.bytes))
///
/// Use a `Recorder` for imported events and for a session's own records of the machine. Use a
/// ``TraceWriter`` for records whose words are already encoded, such as those of a session's rings.
///
/// - Guarantee: an event is in the trace once ``append(_:_:stack:)`` and a later ``flush()`` or
///   ``finish()`` have returned without an error. The trace is always readable up to its last
///   complete block.
/// - Cost: an event costs its encoding and the lookup of its type; memory is that of the
///   ``TraceWriter``.
/// - Trap: without ``finish()`` the last events are missing and the trace has no index.
public struct Recorder: ~Copyable {
  package var writer: TraceWriter
  @usableFromInline var record = RecordWords()
  private var refs = RefTable()
  private var refsByType: [ObjectIdentifier: UInt16] = [:]
  /// Type of the last event; most events have the same type as their predecessor.
  @usableFromInline var lastType: ObjectIdentifier?
  @usableFromInline var lastRef: UInt16 = 0
  private var nextProcess = ProcessNumbers.firstOther
  private var isFinished = false

  /// Creates a recorder that writes to a sink. `name` is used in messages.
  public init(
    to sink: any ByteSink, name: String = "trace", session: SessionDescription,
    options: TraceWriter.Options = TraceWriter.Options()
  ) throws(FormatError) {
    writer = try TraceWriter(sink: sink, name: name, session: session, options: options)
  }

  /// Creates a recorder that writes to a file, which is created or truncated.
  public init(
    path: String, session: SessionDescription,
    options: TraceWriter.Options = TraceWriter.Options()
  ) throws(FormatError) {
    writer = try TraceWriter(path: path, session: session, options: options)
  }

  // MARK: Events

  /// Records an event with the stack's addresses, innermost first.
  ///
  /// The first event of a type defines the type in the trace.
  ///
  /// - Throws: ``FormatError/unacceptableSchema(name:reason:)`` and
  ///   ``FormatError/unacceptableEvent(name:reason:)`` for this event alone. After any other error
  ///   nothing more is written.
  @inlinable
  public mutating func append<Event: TraceEvent>(
    _ event: Event, _ header: RecordHeader, stack: [UInt64] = []
  ) throws(FormatError) {
    let ref = try ref(of: Event.self)
    guard record.write({ event.encode(into: &$0) }) else { throw tooLarge(Event.schema) }
    guard commit(ref, header, stack) else { throw problem(Event.schema, stack) }
  }

  /// Records an event whose schema is known only at run time. `encode` writes the fields in the
  /// schema's order; it may run twice.
  ///
  /// - Throws: as for an event of a static type.
  @inlinable
  public mutating func append(
    _ schema: EventSchema, _ header: RecordHeader, stack: [UInt64] = [],
    encode: (inout EventEncoder) -> Void
  ) throws(FormatError) {
    let ref = try define(schema)
    guard record.write(encode) else { throw tooLarge(schema) }
    guard commit(ref, header, stack) else { throw problem(schema, stack) }
  }

  /// Defines event types before their first events, in this order. The trace then contains them
  /// even without events.
  ///
  /// - Throws: ``FormatError/unacceptableSchema(name:reason:)`` if readers would reject a schema.
  public mutating func define(_ types: [any TraceEvent.Type]) throws(FormatError) {
    for type in types { refsByType[ObjectIdentifier(type)] = try define(type.schema) }
  }

  /// Returns the trace's number for a schema, defining the schema on first use.
  @discardableResult @usableFromInline
  mutating func define(_ schema: EventSchema) throws(FormatError) -> UInt16 {
    guard let (ref, isNew) = refs.ref(for: schema) else {
      throw .unacceptableSchema(
        name: schema.name, reason: "the trace has \(RefTable.refsMax) event types already")
    }
    guard isNew else { return ref }
    do throws(FormatError) { try writer.define(ref: ref, schema: schema) } catch {
      refs.takeBack(schema)
      throw error
    }
    return ref
  }

  @inlinable @inline(__always)
  mutating func ref<Event: TraceEvent>(of type: Event.Type) throws(FormatError) -> UInt16 {
    if ObjectIdentifier(type) == lastType { return lastRef }
    return try findRef(of: type)
  }

  @usableFromInline
  mutating func findRef(of type: any TraceEvent.Type) throws(FormatError) -> UInt16 {
    let key = ObjectIdentifier(type)
    let ref = if let known = refsByType[key] { known } else { try define(type.schema) }
    refsByType[key] = ref
    (lastType, lastRef) = (key, ref)
    return ref
  }

  /// Passes the most recent record to the writer. Returns false if nothing was recorded.
  @usableFromInline
  mutating func commit(_ ref: UInt16, _ header: RecordHeader, _ stack: [UInt64]) -> Bool {
    guard !isFinished else { return false }
    stack.withUnsafeBufferPointer { record.append(stack: $0) }
    let flags = stack.isEmpty ? header.flags.subtracting(.stack) : header.flags.union(.stack)
    writer.beginStretch(stream: header.stream, cpu: header.cpu)
    let isAccepted = writer.append(
      ref: ref, ticks: header.ticks, process: header.process, tid: header.tid,
      flags: flags.rawValue, words: record.words, count: record.count)
    return isAccepted && writer.failure == nil
  }

  /// Returns the reason why ``commit(_:_:_:)`` recorded nothing.
  @usableFromInline
  func problem(_ schema: EventSchema, _ stack: [UInt64]) -> FormatError {
    if let failure = writer.failure { return failure }
    if isFinished { return .closed }
    let reason =
      stack.count > FileLayout.stackFramesMax
      ? "its stack has more than \(FileLayout.stackFramesMax) frames"
      : "its encode does not write the fields of its schema"
    return .unacceptableEvent(name: schema.name, reason: reason)
  }

  @usableFromInline
  func tooLarge(_ schema: EventSchema) -> FormatError {
    .unacceptableEvent(
      name: schema.name, reason: "its fields take more than \(RecordWords.bytesMax) bytes")
  }
}

// MARK: Processes, threads, losses, clocks, symbols

extension Recorder {
  /// Adds a process and returns its number for the headers of its events. The record's own `index`
  /// is ignored.
  public mutating func addProcess(_ process: ProcessRecord) -> UInt32 {
    var numbered = process
    numbered.index = nextProcess
    nextProcess += 1
    define(process: numbered)
    return numbered.index
  }

  /// Defines a process under a number chosen by the caller, below ``ProcessNumbers/firstOther``, or
  /// adds to the definition of a known one.
  public mutating func define(process: ProcessRecord) { writer.define(process: process) }

  /// Records the end of a process.
  public mutating func endProcess(_ index: UInt32, atTicks ticks: UInt64) {
    writer.processEnded(index: index, atTicks: ticks)
  }

  /// Records the name of a thread that was running before the trace began. Later starts, renames
  /// and ends are events: `ThreadStart`, `ThreadName` or `ThreadStop`.
  public mutating func addThread(
    _ tid: UInt32, named name: String, of process: UInt32, atTicks ticks: UInt64
  ) throws(FormatError) {
    try append(
      ThreadStart(name: name),
      RecordHeader(
        ticks: ticks, process: process, tid: tid, stream: StreamNumbers.machine, flags: .rundown))
  }

  /// Records that events are missing, and why. Readers show losses with all event counts.
  public mutating func addLoss(_ loss: LossRecord) { writer.loss(loss) }

  /// Records simultaneous readings of the trace's clock and the other clocks. One sync per flush
  /// suffices.
  public mutating func addClockSync(_ sync: ClockSync) { writer.clockSync(sync) }

  /// Adds names for addresses; see ``TraceWriter/define(symbols:)``.
  public mutating func addSymbols(_ image: ImageSymbols) { writer.define(symbols: image) }

  /// Defines a provider: the names of its keywords.
  public mutating func define(provider: ProviderSchema) { writer.define(provider: provider) }

  /// Called with each finished block's bytes; see ``TraceWriter/onBlock``.
  public var onBlock: ((UnsafeRawBufferPointer) -> Void)? {
    get { writer.onBlock }
    set { writer.onBlock = newValue }
  }

  /// Number of events recorded.
  public var eventCount: UInt64 { writer.eventCount }

  /// Number of bytes written so far.
  public var byteCount: UInt64 { writer.byteCount }

  /// Writes everything recorded so far, for readers that follow the trace.
  public mutating func flush() throws(FormatError) { try writer.flush() }

  /// Writes the remaining data and the index. Nothing can be recorded afterwards.
  public mutating func finish() throws(FormatError) {
    isFinished = true
    try writer.finish()
  }
}
