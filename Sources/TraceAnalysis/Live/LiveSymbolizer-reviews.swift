/// The lookups to be repeated.
struct Reviews {
  /// Number of lookups that each announcement allows to repeat; unused ones are saved.
  static let perAnnouncement = 256
  static let creditMax = 1 << 16
  /// Minimum time between two reviews of all lookups of processes (nanoseconds of the trace's
  /// time).
  static let interval: Int64 = 50_000_000

  var credit = creditMax
  /// Processes whose lookups must be repeated in the next review, and the time from which they may
  /// have changed.
  var stale: [UInt32: Int64] = [:]
  /// The same for processes forked from them, which may have inherited the announced code.
  var staleParents: [UInt32: Int64] = [:]
  var nextTurn = Int64.min
}

// A lookup is repeated when code is announced for its address, in its process or an ancestor from
// which its process was forked; when its process begins, ends or runs another program; and when its
// time is settled. The cost of the first is bounded: each announcement allows a number of
// repetitions, and any others wait for the next review.
extension LiveSymbolizer {
  /// Repeats the lookups affected by an announcement.
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

  /// Whether an answer can have changed if the code at its address changed from a time on. An
  /// answer that named earlier code cannot; one without a name, or with an uncertain one, may get a
  /// name from later announcements.
  private func mayDiffer(_ slot: Int32, from time: Int64) -> Bool {
    guard case .symbol(_, _, .certain) = pending[slot].told else { return true }
    let (bound, overflow) = time.subtractingReportingOverflow(options.clockEdgeNanoseconds)
    return overflow || pending[slot].time >= bound
  }

  /// Advances the time: settles lookups, and reviews stale processes.
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

  /// Whether names for this time are final.
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
    let now = resolve(
      lookup.pid, lookup.address, at: lookup.time, isCaller: lookup.isCaller,
      isSettled: lookup.stage != .open)
    guard now.differs(from: lookup.told) else { return }
    // The announcement that gave it an early name may be settled only later.
    if lookup.stage == .watched, now.symbolID == nil, !isFinal(lookup.time) {
      let early = resolve(
        lookup.pid, lookup.address, at: lookup.time, isCaller: lookup.isCaller, isSettled: false)
      if !early.differs(from: lookup.told) { return }
    }
    // Keep the known reason even if the data that it was based on has been dropped.
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
    // The lookup has got the name that it waited for.
    if lookup.stage == .unnamed, now.symbolID != nil { pending.remove(slot) }
  }

  /// Delivers changed answers to the callbacks.
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

  // MARK: Limits

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

  /// Closes the oldest watched lookup that only waits for code announced at its end; false if there
  /// is none.
  private func closeEarly() -> Bool {
    guard let slot = pending.first(.watched),
      isFinal(pending[slot].time, after: limits.lookBackNanoseconds(options))
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
    counts.expired += 1
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
