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
/// A lookup, of one address or of all addresses of a stack, goes through three stages. Within the
/// hold window, it is answered from the announcements so far (*open*). Then it is answered as from
/// a file read as a whole up to this time, as long as late announcements may correct it
/// (*watched*); names are then final. An address without a name waits (*unnamed*) for an
/// announcement that extends back to it: at the code's end, or in a rundown.
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
///   it was last returned, and as long as a ``StackAnswer`` has it. Not thread-safe.
public final class LiveSymbolizer {
  public let options: SymbolizerOptions
  public let limits: Limits
  /// Called when an answer changes, with the ticket that came with it: a name has become known or
  /// has changed; or, without a name, the reason has changed.
  public var onBackfill: ((PendingTicket, Resolution) -> Void)?
  /// Like ``onBackfill``, with the lookup's parameters, for clients that keep no tickets.
  public var onChange: ((ChangedAnswer) -> Void)?
  /// Like ``onChange``, once per lookup, with the names of all frames of its stack.
  public var onStackChange: ((ChangedStack) -> Void)?
  let naming: LiveNaming
  let reviews: Reviews
  private let forgetting: Forgetting
  var stream: AnnouncementStream { naming.stream }

  /// Creates a symbolizer for a trace that is read while it is written.
  public convenience init(
    _ file: TraceFile, options: SymbolizerOptions = .init(), limits: Limits = .init()
  ) {
    self.init(file, options: options, limits: limits) { file.session }
  }

  /// Creates a symbolizer for events that do not come from a trace file.
  convenience init(
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
    naming = LiveNaming(file, options: options, session: session)
    reviews = Reviews(naming, limits)
    forgetting = Forgetting(naming, reviews, limits)
    // Unowned rather than weak: weak references slow down every use of their object.
    stream.onChange = { [unowned reviews] in reviews.review($0) }
    stream.onTime = { [unowned reviews] in reviews.move(to: $0) }
    // Not earlier: the announced name is already in the table, but no row uses it until now, so it
    // would be dropped.
    stream.onTaken = { [unowned self] in
      forgetting.ifDue()
      deliver()
    }
  }

  deinit {
    // The replay's handlers keep the stream alive.
    (stream.onChange, stream.onTime, stream.onTaken) = (nil, nil, nil)
  }

  // MARK: Learning

  /// Learns from a replay's events as they are delivered. Call this before adding handlers that
  /// make lookups.
  public func subscribe(to replay: Replay) { listen(to: replay) }

  /// Like ``subscribe(to:)``, but takes only the events of the runs that begin after the gate was
  /// opened.
  package func subscribe(to replay: Replay, behind gate: ReplayGate) {
    listen(to: GatedReplay(replay, gate))
  }

  func listen(to source: some CodeEventSource) {
    naming.feed.subscribe(to: source)
    source.onLoss { [naming] _ in naming.noteLoss() }
  }

  /// Reports the trace's current time if no events do.
  public func advance(to timestamp: Int64) {
    reviews.move(to: timestamp)
    forgetting.ifDue()
    deliver()
  }

  /// Like ``advance(to:)`` to the end of the trace: everything is settled.
  public func finish() {
    let end = stream.latest &+ limits.holdNanoseconds &+ limits.watchNanoseconds(options)
    advance(to: max(end, stream.latest) &+ 1)
  }

  // MARK: Lookup

  /// Like ``Symbolizer/resolve(pid:address:at:isCaller:)``, from the announcements so far.
  ///
  /// - Cost: as ``resolve(pid:stack:at:)`` with a stack of one frame, per call: a stack is resolved
  ///   faster as a whole.
  public func resolve(
    pid: UInt32, address: UInt64, at timestamp: Int64, isCaller: Bool
  ) -> Answer {
    let found = resolve(
      PendingStacks.Key(pid: pid, isCaller: isCaller, addresses: [address]), at: timestamp)
    let resolution = found.answer.resolutions[0]
    naming.noteGiven(resolution)
    return Answer(resolution: resolution, ticket: found.ticket)
  }

  /// Returns names for all frames of a stack, innermost first, from the announcements so far.
  ///
  /// - Cost: events with the same stack share the lookup of its frames as long as nothing is
  ///   announced for their addresses, and one entry watches the names of all. Then an event costs
  ///   one hash of the addresses.
  public func resolve(pid: UInt32, stack: [UInt64], at timestamp: Int64) -> StackLookup {
    resolve(PendingStacks.Key(pid: pid, isCaller: false, addresses: stack), at: timestamp)
  }

  private func resolve(_ key: PendingStacks.Key, at timestamp: Int64) -> StackLookup {
    reviews.move(to: timestamp)
    forgetting.ifDue()
    defer { deliver() }
    let stack = reviews.stack(key)
    // Times before the history are not known well enough.
    guard timestamp >= forgetting.horizon else {
      return StackLookup(
        answer: reviews.answer(beforeHistory: stack, at: timestamp), ticket: nil)
    }
    let isOpen = timestamp > stream.settledUntil
    let answer = reviews.answer(of: stack, at: timestamp, isOpen ? .early : .settled)
    guard reviews.mayChange(answer, of: stack, at: timestamp) else {
      return StackLookup(answer: answer, ticket: nil)
    }
    return StackLookup(
      answer: answer, ticket: reviews.add(stack, at: timestamp, told: answer, isOpen: isOpen))
  }

  /// Whether names for `timestamp` are final: later announcements no longer change them.
  public func isFinal(_ timestamp: Int64) -> Bool { reviews.isFinal(timestamp) }

  /// Whether a change of the answer would still be reported.
  public func isPending(_ ticket: PendingTicket) -> Bool {
    reviews.pending.slot(of: ticket) != nil
  }

  /// Stops reporting changes of this answer.
  public func cancel(_ ticket: PendingTicket) { reviews.cancel(ticket) }

  private func deliver() {
    reviews.deliver { change in
      onStackChange?(change)
      guard onBackfill != nil || onChange != nil else { return }
      for index in change.changedFrames { report(change, index) }
    }
  }

  private func report(_ change: ChangedStack, _ index: Int) {
    let resolution = change.answer.resolutions[index]
    naming.noteGiven(resolution)
    onBackfill?(change.ticket, resolution)
    onChange?(
      ChangedAnswer(
        ticket: change.ticket, pid: change.pid, address: change.answer.addresses[index],
        timestamp: change.timestamp, former: change.former.resolutions[index],
        resolution: resolution))
  }

  /// Number of times that ids became free for reuse. Names kept by id must be discarded when it
  /// changes.
  public var idChanges: UInt64 { naming.idChanges }

  /// Returns the symbol with an id from an answer.
  public func symbol(_ id: SymbolID) -> CodeSymbol { naming.settled.symbol(id) }

  /// Returns the module with an id from an answer or a symbol.
  public func module(_ id: ModuleID) -> CodeModule { naming.settled.module(id) }

  /// The current statistics.
  public var statistics: Statistics {
    var result = Statistics()
    result.pending = reviews.pending.count
    (result.backfilled, result.expired) = (reviews.backfilled, reviews.expired)
    (result.forgotten, result.displaced) = (forgetting.forgotten, forgetting.displaced)
    result.versions = stream.settled.rows.countInUse
    result.symbols = stream.names.countInUse
    return result
  }

  /// The approximate size of all tables in bytes.
  public var memoryBytes: Int {
    stream.early.memoryBytes + stream.settled.memoryBytes - stream.names.memoryBytes
      + reviews.pending.memoryBytes
  }
}
