/// Which look-ups are to be looked at again.
struct Reviews {
  /// Look-ups that an announcement may pay for at once; it saves what it does not use.
  static let perAnnouncement = 256
  static let creditMax = 1 << 16
  /// Processes are looked at as a whole at most this often (nanoseconds of the trace's time).
  static let interval: Int64 = 50_000_000

  var credit = creditMax
  /// Processes all of whose look-ups are to be looked at: at their next turn.
  var stale: Set<UInt32> = []
  /// Processes of which something was announced that those forked from them may have too.
  var staleParents: Set<UInt32> = []
  var nextTurn = Int64.min
}

// When a look-up is looked at again: when something is announced for its address, in its process
// or one that its process was forked from; when its process begins, ends or runs another program;
// when its time is settled. The cost of the first is bounded: each announcement pays for so many,
// and what it cannot pay for waits for the process's next turn.
extension LiveSymbolizer {
  /// Something was announced.
  func review(_ pid: UInt32, _ range: Range<UInt64>?, isSettled: Bool) {
    reviews.credit = min(Reviews.creditMax, reviews.credit + Reviews.perAnnouncement)
    if stream.parents.contains(pid) { reviews.staleParents.insert(pid) }
    guard let range, !reviews.stale.contains(pid) else {
      reviews.stale.insert(pid)
      return
    }
    let slots = pending.slots(of: pid, in: range)
    guard slots.count <= reviews.credit else {
      reviews.stale.insert(pid)
      return
    }
    reviews.credit -= slots.count
    for slot in slots where (pending[slot].stage != .open) == isSettled { reconsider(slot) }
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
    while let slot = pending.first(.watched), isFinal(pending[slot].time) {
      reconsider(slot)
      guard pending[slot].told.symbolID == nil else {
        pending.remove(slot)
        continue
      }
      pending.move(slot, to: .unnamed)
    }
    expire()
  }

  /// Whether a name for that time stays what it is.
  func isFinal(_ time: Int64) -> Bool {
    let (bound, overflow) = stream.settledUntil.subtractingReportingOverflow(
      limits.watchNanoseconds(options))
    return !overflow && time < bound
  }

  private func takeTurns() {
    reviews.nextTurn = stream.latest &+ Reviews.interval
    let stale = reviews.stale
    let parents = stale.union(reviews.staleParents)
    (reviews.stale, reviews.staleParents) = ([], [])
    for pid in pending.pids.filter({ stale.contains($0) || isForked($0, from: parents) }) {
      for slot in pending.slots(of: pid, in: nil) { reconsider(slot) }
    }
  }

  /// Whether a process began with what one of these has.
  private func isForked(_ pid: UInt32, from pids: Set<UInt32>) -> Bool {
    var next = stream.settled.lives.known(pid)?.parent ?? stream.early.lives.known(pid)?.parent
    while let parent = next {
      if pids.contains(parent.pid) { return true }
      next = parent.parent
    }
    return false
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
      guard
        let slot = pending.first(.unnamed) ?? pending.first(.watched) ?? pending.first(.open)
      else { return }
      giveUp(slot)
    }
  }

  private func giveUp(_ slot: Int32) {
    counts.expired += 1
    pending.remove(slot)
  }
}

extension Resolution {
  /// Whether it names something else, or says another reason: not whether it was late.
  func differs(from other: Resolution) -> Bool {
    switch (self, other) {
    case (.symbol(let id, let offset, _), .symbol(let known, let knownOffset, _)):
      id != known || offset != knownOffset
    default: self != other
    }
  }
}
