/// The lookups whose answers may still change, and the repetition of these lookups.
///
/// A lookup is repeated when something is announced for its address in its process or in an
/// ancestor of the process; when its process starts, ends or runs another program; and when its
/// time is settled.
///
/// - Cost: bounded per announcement. Each announcement adds to an allowance of repeated lookups. If
///   the allowance does not suffice, the process is marked as stale, and its lookups are repeated
///   at the next turn.
final class Reviews {
  /// Number of repeated lookups that an announcement adds to the allowance; what is not used is
  /// kept, up to `creditMax`.
  private static let perAnnouncement = 256
  private static let creditMax = 1 << 16
  /// Minimum interval between two turns, which review whole processes (nanoseconds of the trace's
  /// time).
  private static let interval: Int64 = 50_000_000

  // Not checked, because every lookup uses it, on one thread.
  @exclusivity(unchecked) private(set) var pending: PendingLookups
  /// Changed answers that were not reported yet.
  @exclusivity(unchecked) private var changes: [LiveSymbolizer.ChangedAnswer] = []
  private(set) var backfilled: UInt64 = 0
  private(set) var expired: UInt64 = 0
  private let naming: LiveNaming
  private let limits: LiveSymbolizer.Limits
  private var credit = creditMax
  /// Processes whose lookups are reviewed at the next turn, and the time from which they may have
  /// changed.
  @exclusivity(unchecked) private var stale: [UInt32: Int64] = [:]
  /// The same for processes whose descendants are reviewed, because they may have inherited the
  /// announced code.
  @exclusivity(unchecked) private var staleParents: [UInt32: Int64] = [:]
  private var nextTurn = Int64.min

  private var stream: AnnouncementStream { naming.stream }

  init(_ naming: LiveNaming, _ limits: LiveSymbolizer.Limits) {
    self.naming = naming
    self.limits = limits
    pending = PendingLookups(capacity: limits.pendingMax)
  }

  // MARK: Lookups

  /// Adds a lookup whose answer may change.
  func add(_ lookup: PendingLookups.Lookup, isOpen: Bool) -> PendingTicket {
    makeRoom()
    let slot = pending.add(lookup, isOpen ? .open : .watched)
    return pending.ticket(of: slot)
  }

  func cancel(_ ticket: PendingTicket) {
    if let slot = pending.slot(of: ticket) { pending.remove(slot) }
  }

  /// Whether a name for that time is final.
  func isFinal(_ time: Int64) -> Bool {
    isFinal(time, after: limits.watchNanoseconds(naming.options))
  }

  private func isFinal(_ time: Int64, after watch: Int64) -> Bool {
    let (bound, overflow) = stream.settledUntil.subtractingReportingOverflow(watch)
    return !overflow && time < bound
  }

  /// Repeats the lookups that an announcement may affect, or marks the process as stale.
  func review(_ change: AnnouncementStream.Change) {
    let pid = change.pid
    credit = min(Self.creditMax, credit + Self.perAnnouncement)
    if stream.parents.contains(pid) {
      staleParents[pid] = min(staleParents[pid] ?? .max, change.from)
    }
    guard let range = change.range, stale[pid] == nil else {
      stale[pid] = min(stale[pid] ?? .max, change.from)
      return
    }
    let slots = slots(of: pid, in: range, from: change.from).filter {
      (pending[$0].stage != .open) == change.isSettled
    }
    guard slots.count <= credit else {
      stale[pid] = change.from
      return
    }
    credit -= slots.count
    for slot in slots { reconsider(slot) }
  }

  private func slots(of pid: UInt32, in range: Range<UInt64>?, from time: Int64) -> [Int32] {
    let (bound, overflow) = time.subtractingReportingOverflow(naming.options.clockEdgeNanoseconds)
    return pending.slots(
      of: pid, in: range, from: overflow ? .min : bound, disorder: limits.holdNanoseconds)
  }

  /// Advances the time: settles lookups, and reviews stale processes.
  func move(to time: Int64) {
    stream.advance(to: time, hold: limits.holdNanoseconds)
    while let slot = pending.first(.open), pending[slot].time <= stream.settledUntil {
      pending.move(slot, to: .watched)
      reconsider(slot)
    }
    if !stale.isEmpty || !staleParents.isEmpty, stream.latest >= nextTurn {
      takeTurns()
    }
    while let slot = pending.first(.watched), isFinal(pending[slot].time) { close(slot) }
    expire()
  }

  private func takeTurns() {
    nextTurn = stream.latest &+ Self.interval
    let (stale, parents) = (self.stale, staleParents)
    (self.stale, staleParents) = ([:], [:])
    for pid in Array(pending.pids) {
      let own = stale[pid]
      let inherited = inheritedChange(of: pid, stale, parents)
      guard own != nil || inherited != nil else { continue }
      let from = min(own ?? .max, inherited ?? .max)
      for slot in slots(of: pid, in: nil, from: from) { reconsider(slot) }
    }
  }

  /// The time from which the state that a process inherited has changed in its ancestors.
  private func inheritedChange(
    of pid: UInt32, _ stale: [UInt32: Int64], _ parents: [UInt32: Int64]
  ) -> Int64? {
    var from: Int64?
    var next = stream.settled.lives.known(pid)?.parent ?? stream.early.lives.known(pid)?.parent
    while let parent = next {
      for change in [stale[parent.pid], parents[parent.pid]] {
        if let change { from = min(from ?? .max, change) }
      }
      next = parent.parent
    }
    return from
  }

  /// Repeats a lookup, and records a changed answer.
  private func reconsider(_ slot: Int32) {
    let lookup = pending[slot]
    let now = naming.resolve(
      lookup.pid, lookup.address, at: lookup.time, isCaller: lookup.isCaller,
      isSettled: lookup.stage != .open)
    guard now.differs(from: lookup.told) else { return }
    // The announcement that gave it an early name may be settled only later.
    if lookup.stage == .watched, now.symbolID == nil, !isFinal(lookup.time) {
      let early = naming.resolve(
        lookup.pid, lookup.address, at: lookup.time, isCaller: lookup.isCaller, isSettled: false)
      if !early.differs(from: lookup.told) { return }
    }
    // Keep the known reason even if the data that it was based on has been dropped.
    if lookup.stage == .unnamed, case .unresolved(let reason, _) = now,
      reason != .announcedTooLate
    {
      return
    }
    pending.tell(slot, now)
    backfilled += 1
    changes.append(
      LiveSymbolizer.ChangedAnswer(
        ticket: pending.ticket(of: slot), pid: lookup.pid,
        address: lookup.address &+ (lookup.isCaller ? 1 : 0), timestamp: lookup.time,
        former: lookup.told, resolution: now))
    // The lookup has got the name that it waited for.
    if lookup.stage == .unnamed, now.symbolID != nil { pending.remove(slot) }
  }

  /// Calls `body` with each answer that has changed since the last call; `body` may make lookups.
  func deliver(_ body: (LiveSymbolizer.ChangedAnswer) -> Void) {
    while !changes.isEmpty {
      let told = changes
      changes = []
      for change in told { body(change) }
    }
  }

  // MARK: Limits

  private func expire() {
    let (bound, overflow) = stream.settledUntil.subtractingReportingOverflow(
      limits.pendingNanosecondsMax)
    guard !overflow else { return }
    while let slot = pending.first(.unnamed), pending[slot].time < bound { giveUp(slot) }
  }

  private func makeRoom() {
    while pending.isFull {
      if closeEarly() { continue }
      guard
        let slot = pending.first(.unnamed) ?? pending.first(.watched) ?? pending.first(.open)
      else { return }
      giveUp(slot)
    }
  }

  /// Closes the oldest watched lookup that only waits for code announced at its end; false if there
  /// is none.
  private func closeEarly() -> Bool {
    guard let slot = pending.first(.watched),
      isFinal(pending[slot].time, after: limits.lookBackNanoseconds(naming.options))
    else { return false }
    close(slot)
    return true
  }

  /// Makes a name final; a lookup without one continues to wait.
  private func close(_ slot: Int32) {
    reconsider(slot)
    if pending[slot].told.symbolID == nil {
      pending.move(slot, to: .unnamed)
    } else {
      pending.remove(slot)
    }
  }

  private func giveUp(_ slot: Int32) {
    expired += 1
    pending.remove(slot)
  }
}

extension Resolution {
  /// Whether the name, its certainty or the reason differs, except for whether it was announced
  /// late.
  func differs(from other: Resolution) -> Bool {
    switch (self, other) {
    case (.symbol(let id, let offset, _), .symbol(let known, let knownOffset, _)):
      id != known || offset != knownOffset || isUncertain != other.isUncertain
    default: self != other
    }
  }
}
