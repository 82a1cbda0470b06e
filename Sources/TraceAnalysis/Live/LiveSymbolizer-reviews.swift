/// Which look-ups are to be looked at again.
struct Reviews {
  /// Look-ups that an announcement may pay for at once; it saves what it does not use.
  static let perAnnouncement = 256
  static let creditMax = 1 << 16
  /// Processes are looked at as a whole at most this often (nanoseconds of the trace's time).
  static let interval: Int64 = 50_000_000

  var credit = creditMax
  /// Processes whose look-ups are to be looked at at their next turn, and from which time on.
  var stale: [UInt32: Int64] = [:]
  /// The same of those that were forked from them, which may have what was announced too.
  var staleParents: [UInt32: Int64] = [:]
  var nextTurn = Int64.min
}

// When a look-up is looked at again: when something is announced for its address, in its process
// or one that its process was forked from; when its process begins, ends or runs another program;
// when its time is settled. The cost of the first is bounded: each announcement pays for so many,
// and what it cannot pay for waits for the process's next turn.
extension LiveSymbolizer {
  /// Something was announced.
  func review(_ change: AnnouncementStream.Change) {
    let pid = change.pid
    reviews.credit = min(Reviews.creditMax, reviews.credit + Reviews.perAnnouncement)
    if stream.parents.contains(pid) {
      reviews.staleParents[pid] = min(reviews.staleParents[pid] ?? .max, change.from)
    }
    guard let range = change.range, reviews.stale[pid] == nil else {
      reviews.stale[pid] = min(reviews.stale[pid] ?? .max, change.from)
      return
    }
    let slots = pending.slots(of: pid, in: range).filter {
      (pending[$0].stage != .open) == change.isSettled && mayDiffer($0, from: change.from)
    }
    guard slots.count <= reviews.credit else {
      reviews.stale[pid] = change.from
      return
    }
    reviews.credit -= slots.count
    for slot in slots { reconsider(slot) }
  }

  /// Whether an answer can have changed when whoever was there has from a time on: one that named
  /// who was there before cannot; who has no name, or has a late one, may get one by what comes.
  private func mayDiffer(_ slot: Int32, from time: Int64) -> Bool {
    guard case .symbol(_, _, .certain) = pending[slot].told else { return true }
    let (bound, overflow) = time.subtractingReportingOverflow(options.clockEdgeNanoseconds)
    return overflow || pending[slot].time >= bound
  }

  /// Time has passed: settles, and gives stale processes their turn.
  func move(to time: Int64) {
    stream.advance(to: time, hold: limits.holdNanoseconds)
    while let slot = pending.first(.open), pending[slot].time <= stream.settledUntil {
      pending.move(slot, to: .watched)
      reconsider(slot)
    }
    if !reviews.stale.isEmpty || !reviews.staleParents.isEmpty, stream.latest >= reviews.nextTurn {
      takeTurns()
    }
    while let slot = pending.first(.watched), isFinal(pending[slot].time) { close(slot) }
    expire()
  }

  /// Whether a name for that time stays what it is.
  func isFinal(_ time: Int64) -> Bool { isFinal(time, after: limits.watchNanoseconds(options)) }

  private func isFinal(_ time: Int64, after watch: Int64) -> Bool {
    let (bound, overflow) = stream.settledUntil.subtractingReportingOverflow(watch)
    return !overflow && time < bound
  }

  private func takeTurns() {
    reviews.nextTurn = stream.latest &+ Reviews.interval
    let (stale, parents) = (reviews.stale, reviews.staleParents)
    (reviews.stale, reviews.staleParents) = ([:], [:])
    for pid in Array(pending.pids) {
      let own = stale[pid]
      let inherited = inheritedChange(of: pid, stale, parents)
      guard own != nil || inherited != nil else { continue }
      let from = min(own ?? .max, inherited ?? .max)
      for slot in pending.slots(of: pid, in: nil) where mayDiffer(slot, from: from) {
        reconsider(slot)
      }
    }
  }

  /// Since when what a process began with has changed, at those that it was forked from.
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

  /// Looks a look-up up again, and takes note if the answer is another.
  private func reconsider(_ slot: Int32) {
    let lookup = pending[slot]
    let now = resolve(
      lookup.pid, lookup.address, at: lookup.time, isCaller: lookup.isCaller,
      isSettled: lookup.stage != .open)
    guard now.differs(from: lookup.told) else { return }
    // What named it early may be settled only later.
    if lookup.stage == .watched, now.symbolID == nil, !isFinal(lookup.time) {
      let early = resolve(
        lookup.pid, lookup.address, at: lookup.time, isCaller: lookup.isCaller, isSettled: false)
      if !early.differs(from: lookup.told) { return }
    }
    // A reason that was found is not lost because what it was found by has been forgotten.
    if lookup.stage == .unnamed, case .unresolved(let reason, _) = now,
      reason != .announcedTooLate
    {
      return
    }
    pending[slot].told = now
    counts.backfilled += 1
    changes.append(
      ChangedAnswer(
        ticket: pending.ticket(of: slot), pid: lookup.pid,
        address: lookup.address &+ (lookup.isCaller ? 1 : 0), timestamp: lookup.time,
        former: lookup.told, resolution: now))
    // One that waited so long has what it waited for.
    if lookup.stage == .unnamed, now.symbolID != nil { pending.remove(slot) }
  }

  /// Tells whoever asked.
  func deliver() {
    while !changes.isEmpty {
      let told = changes
      changes = []
      for change in told {
        onBackfill?(change.ticket, change.resolution)
        onChange?(change)
      }
    }
  }

  // MARK: Giving up

  private func expire() {
    let (bound, overflow) = stream.settledUntil.subtractingReportingOverflow(
      limits.pendingNanosecondsMax)
    guard !overflow else { return }
    while let slot = pending.first(.unnamed), pending[slot].time < bound { giveUp(slot) }
  }

  func makeRoom() {
    while pending.isFull {
      if closeEarly() { continue }
      guard
        let slot = pending.first(.unnamed) ?? pending.first(.watched) ?? pending.first(.open)
      else { return }
      giveUp(slot)
    }
  }

  /// Ends the longest watch that only waits for code which is told at its end; false when there is
  /// none.
  private func closeEarly() -> Bool {
    guard let slot = pending.first(.watched),
      isFinal(pending[slot].time, after: limits.lookBackNanoseconds(options))
    else { return false }
    close(slot)
    return true
  }

  /// A name becomes final; who has none waits on.
  private func close(_ slot: Int32) {
    reconsider(slot)
    if pending[slot].told.symbolID == nil {
      pending.move(slot, to: .unnamed)
    } else {
      pending.remove(slot)
    }
  }

  private func giveUp(_ slot: Int32) {
    counts.expired += 1
    pending.remove(slot)
  }
}

extension Resolution {
  /// Whether it names something else, is surer or less sure of it, or says another reason: not
  /// whether it was late.
  func differs(from other: Resolution) -> Bool {
    switch (self, other) {
    case (.symbol(let id, let offset, _), .symbol(let known, let knownOffset, _)):
      id != known || offset != knownOffset || isUncertain != other.isUncertain
    default: self != other
    }
  }
}
