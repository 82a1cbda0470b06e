internal import TraceEvents
public import TraceFormat

/// Finds names for the addresses of a growing trace: answers immediately, and reports names that
/// become known later.
///
///     let names = LiveSymbolizer(live.file)
///     names.subscribe(to: live.replay)      // before your own handlers
///     names.onBackfill = { ticket, resolution in … }
///     live.replay.on(SampledProfile.self) { event, header in
///       let answer = names.resolve(pid: header.pid, address: …, at: header.timestamp, …)
///     }
///
/// A lookup goes through three stages. Within the hold window, it is answered from the
/// announcements so far (*open*). Then it is answered as from a file read as a whole up to this
/// time, as long as late announcements may correct it (*watched*); a name is then final. Without a
/// name, it waits (*unnamed*) for an announcement that extends back to it: at the code's end, or in
/// a rundown.
///
/// - Guarantee: a symbol is reported to exactly those pending lookups that are within its lifetime.
///   As long as streams are out of order by no more than the hold window, the final answers are
///   those that a ``Symbolizer`` gives for the whole file, except for names that had become final
///   before, and lookups given up because of the limits.
/// - Cost: memory is bounded, whatever the duration. Code that ended before the history and that no
///   pending lookup can reach is dropped with its names, and so are lookups that waited too long;
///   ``statistics`` counts them.
/// - Trap: streams of a trace are not in order with each other, so the names of events that are
///   shown immediately may be corrected. A symbol's id is valid until the history has passed since
///   it was last returned. Not thread-safe.
public final class LiveSymbolizer {
  public let options: SymbolizerOptions
  public let limits: Limits
  /// Called when an answer changes, with the ticket that came with it: a name has become known or
  /// has changed; or, without a name, the reason has changed.
  public var onBackfill: ((PendingTicket, Resolution) -> Void)?
  /// Like ``onBackfill``, with the lookup's parameters, for clients that keep no tickets.
  public var onChange: ((ChangedAnswer) -> Void)?
  let stream: AnnouncementStream
  let feed: CodeFeed
  /// Naming from the early and from the settled announcements.
  let early: Naming
  let settled: Naming
  var pending: PendingLookups
  /// Changed answers that were not delivered yet.
  var changes: [ChangedAnswer] = []
  var counts = Statistics()
  var forgetting = Forgetting()
  var reviews = Reviews()
  var passedEvents: PassedEvents?

  /// Creates a symbolizer for a trace that is read while it is written.
  public convenience init(
    _ file: TraceFile, options: SymbolizerOptions = .init(), limits: Limits = .init()
  ) {
    self.init(file, options: options, limits: limits) { file.session }
  }

  /// Creates a symbolizer for a running session, whose events are passed to
  /// ``LiveSymbolizer/learn(_:_:_:)``.
  public convenience init(
    session: SessionDescription, options: SymbolizerOptions = .init(), limits: Limits = .init()
  ) {
    self.init(nil, options: options, limits: limits) { session }
  }

  private init(
    _ file: TraceFile?, options: SymbolizerOptions, limits: Limits,
    session: @escaping () -> SessionDescription
  ) {
    var options = options
    // Line tables would grow without bound.
    options.keepsLines = false
    self.options = options
    self.limits = limits
    let stream = AnnouncementStream(options: options)
    self.stream = stream
    feed = CodeFeed(
      stream, file, Processes(telling: stream, file), options: options
    ) { session().start.monotonicNanoseconds }
    let sources = options.imageSymbols ?? [SessionImages(options.searchRoots, session)]
    early = Naming(feed, stream.early, sources: sources, options: options)
    settled = Naming(feed, stream.settled, sources: sources, options: options)
    pending = PendingLookups(capacity: limits.pendingMax)
    stream.onChange = { [weak self] in self?.review($0) }
    stream.onTime = { [weak self] time in self?.move(to: time) }
    // Not earlier, because the name of the announced code already exists, but no row refers to it
    // yet.
    stream.onTaken = { [weak self] in
      self?.forgetIfDue()
      self?.deliver()
    }
  }

  // MARK: Learning

  /// Learns from a replay's events as they are delivered. Call this before adding handlers that
  /// make lookups.
  public func subscribe(to replay: Replay) { listen(to: replay) }

  func listen(to source: some CodeEventSource) {
    // Announcements of earlier changes are ordered by the time of the announcing event.
    source.on(CodeLoad.self) { [stream] _, header in stream.eventTime = header.timestamp }
    source.on(CodeMove.self) { [stream] _, header in stream.eventTime = header.timestamp }
    source.on(CodeClear.self) { [stream] _, header in stream.eventTime = header.timestamp }
    feed.subscribe(to: source)
  }

  /// Reports the trace's current time if no events do.
  public func advance(to timestamp: Int64) {
    move(to: timestamp)
    forgetIfDue()
    deliver()
  }

  /// Like ``advance(to:)`` to the end of the trace: everything is settled.
  public func finish() {
    let end = stream.latest &+ limits.holdNanoseconds &+ limits.watchNanoseconds(options)
    advance(to: max(end, stream.latest) &+ 1)
  }

  // MARK: Lookup

  /// Like ``Symbolizer/resolve(pid:address:at:isCaller:)``, from the announcements so far.
  public func resolve(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> Answer {
    move(to: timestamp)
    forgetIfDue()
    defer { deliver() }
    let place = isCaller ? address &- 1 : address
    // Times before the history are not known well enough.
    guard timestamp >= forgetting.horizon || StackAddress.isKernel(place) else {
      return Answer(resolution: .unresolved(.unloaded, module: nil), ticket: nil)
    }
    let isOpen = timestamp > stream.settledUntil
    let resolution = resolve(pid, place, at: timestamp, isCaller: isCaller, isSettled: !isOpen)
    // The kernel's functions do not move.
    let isNamed = resolution.symbolID != nil
    if StackAddress.isKernel(place) || isNamed && isFinal(timestamp) {
      return Answer(resolution: resolution, ticket: nil)
    }
    makeRoom()
    let slot = pending.add(
      PendingLookups.Lookup(
        pid: pid, isCaller: isCaller, address: place, time: timestamp, told: resolution),
      isOpen ? .open : .watched)
    return Answer(resolution: resolution, ticket: pending.ticket(of: slot))
  }

  /// Whether the answer may still change.
  public func isPending(_ ticket: PendingTicket) -> Bool { pending.slot(of: ticket) != nil }

  /// Cancels notifications about this answer.
  public func cancel(_ ticket: PendingTicket) {
    if let slot = pending.slot(of: ticket) { pending.remove(slot) }
  }

  /// Resolves an address at a time, from the settled or the early announcements.
  func resolve(
    _ pid: UInt32, _ place: UInt64, at time: Int64, isCaller: Bool, isSettled: Bool
  ) -> Resolution {
    let naming = isSettled ? settled : early
    let generation =
      StackAddress.isKernel(place)
      ? nil
      : naming.map.lives.generation(
        pid, at: time, edge: options.clockEdgeNanoseconds)
    let entry = naming.answer(generation, pid: pid, place, at: time)
    let resolution = naming.resolution(entry, isCaller: isCaller)
    forgetting.noteGiven(resolution, feed, at: stream.latest)
    return resolution
  }

  /// The symbol named by an answer.
  public func symbol(_ id: SymbolID) -> CodeSymbol { settled.symbol(id) }

  /// The module named by an answer or a symbol.
  public func module(_ id: ModuleID) -> CodeModule { settled.module(id) }

  /// The current statistics.
  public var statistics: Statistics {
    var result = counts
    result.pending = pending.count
    result.versions = stream.settled.rows.countInUse
    result.symbols = stream.names.countInUse
    return result
  }

  /// The approximate size of all tables in bytes.
  public var memoryBytes: Int {
    stream.early.memoryBytes + stream.settled.memoryBytes - stream.names.memoryBytes
      + pending.count * MemoryLayout<PendingLookups.Lookup>.stride
  }
}
