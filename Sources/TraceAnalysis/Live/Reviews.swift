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
  @exclusivity(unchecked) private var changes: [LiveSymbolizer.ChangedStack] = []
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

  /// Returns the number of a stack's entry, which is created if it does not exist.
  func stack(_ key: PendingStacks.Key) -> Int32 { pending.stacks.number(of: key) }

  /// Returns the current answer for a stack at a time.
  func answer(of stack: Int32, at time: Int64, _ phase: LookupPhase) -> StackAnswer {
    naming.answer(of: stack, in: &pending.stacks, at: time, phase)
  }

  /// Returns an answer for a time that is not known well enough: only kernel functions have names.
  func answer(beforeHistory stack: Int32, at time: Int64) -> StackAnswer {
    naming.answer(beforeHistory: stack, in: &pending.stacks, at: time)
  }

  func forgetAnswers() { pending.stacks.forgetAnswers() }

  /// Whether later announcements may change an answer. Kernel functions do not move.
  func mayChange(_ answer: StackAnswer, of stack: Int32, at time: Int64) -> Bool {
    if !answer.unnamed.isEmpty { return true }
    return !isFinal(time) && pending.stacks[stack].isWatched
  }

  /// Adds a lookup whose answer may change.
  func add(_ stack: Int32, at time: Int64, told: StackAnswer, isOpen: Bool) -> PendingTicket {
    // Keeps the entry while room is made.
    pending.stacks.use(stack)
    makeRoom()
    let slot = pending.add(stack, at: time, told: told, isOpen ? .open : .watched)
    pending.stacks.leave(stack)
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
    let from = change.from.earlier(by: naming.options.clockEdgeNanoseconds)
    let frames = pending.frames(
      of: pid, in: range, from: from, disorder: limits.holdNanoseconds
    ).filter { (pending[$0.slot].stage != .open) == change.isSettled }
    guard frames.count <= credit else {
      stale[pid] = change.from
      return
    }
    credit -= frames.count
    for frame in frames where mayDiffer(frame) { reconsider(frame.slot) }
  }

  /// Whether the answer for one frame of a lookup has changed.
  private func mayDiffer(_ frame: PendingLookups.Frame) -> Bool {
    // The lookup may have been removed after a change of another of its frames.
    guard pending.isInUse(frame.slot) else { return false }
    let lookup = pending[frame.slot]
    let now = answer(of: frame.index, lookup, lookup.stage.phase)
    return now.resolution.differs(from: pending.told(frame.slot).resolutions[frame.index])
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
    for pid in pending.stacks.pids {
      let own = stale[pid]
      let inherited = inheritedChange(of: pid, stale, parents)
      guard own != nil || inherited != nil else { continue }
      let from = min(own ?? .max, inherited ?? .max)
      let bound = from.earlier(by: naming.options.clockEdgeNanoseconds)
      for slot in pending.slots(of: pid, from: bound, disorder: limits.holdNanoseconds) {
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
  private func reconsider(_ slot: Int32, isClosing: Bool = false) {
    let lookup = pending[slot]
    let told = pending.told(slot)
    let phase = isClosing ? .closing : lookup.stage.phase
    let now = answer(of: lookup.stack, at: lookup.time, phase)
    guard now !== told else { return }
    var resolutions = told.resolutions
    var changed: UInt64 = 0
    for index in resolutions.indices
    where now.resolutions[index].differs(from: resolutions[index])
      && replaces(now.resolutions[index], resolutions[index], lookup, index)
    {
      resolutions[index] = now.resolutions[index]
      changed += 1
    }
    guard changed > 0 else { return }
    let answer =
      resolutions == now.resolutions
      ? now : StackAnswer(pending.stacks[lookup.stack], resolutions, naming.register)
    pending.tell(slot, answer)
    backfilled += changed
    changes.append(
      LiveSymbolizer.ChangedStack(
        ticket: pending.ticket(of: slot), pid: pending.stacks[lookup.stack].key.pid,
        timestamp: lookup.time, former: told, answer: answer))
    // The lookup has got the names that it waited for.
    if lookup.stage == .unnamed, answer.unnamed.isEmpty { pending.remove(slot) }
  }

  /// Returns the current answer for one frame of a lookup.
  private func answer(
    of index: Int, _ lookup: PendingLookups.Lookup, _ phase: LookupPhase
  ) -> TimedAnswer {
    let stack = lookup.stack
    let (pid, frame) = (pending.stacks[stack].key.pid, pending.stacks[stack].frames[index])
    return naming.resolve(pid, frame, in: &pending.stacks, at: lookup.time, phase)
  }

  /// Whether a different answer for a frame replaces the one that was reported.
  private func replaces(
    _ now: Resolution, _ told: Resolution, _ lookup: PendingLookups.Lookup, _ index: Int
  ) -> Bool {
    guard pending.stacks[lookup.stack].frames[index].isWatched else { return false }
    // The announcement that gave it an early name may be settled only later.
    if lookup.stage == .watched, now.symbolID == nil, !isFinal(lookup.time) {
      let early = answer(of: index, lookup, .early)
      if !early.resolution.differs(from: told) { return false }
    }
    guard lookup.stage == .unnamed else { return true }
    // A name is final.
    guard told.symbolID == nil else { return false }
    // Keep the known reason even if the data that it was based on has been dropped.
    guard case .unresolved(let reason, _) = now else { return true }
    return reason == .announcedTooLate
  }

  /// Calls `body` with each answer that has changed since the last call; `body` may make lookups.
  func deliver(_ body: (LiveSymbolizer.ChangedStack) -> Void) {
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

  /// Makes names final; a lookup of frames without one continues to wait.
  private func close(_ slot: Int32) {
    reconsider(slot, isClosing: true)
    if pending.told(slot).unnamed.isEmpty {
      pending.remove(slot)
    } else {
      pending.move(slot, to: .unnamed)
    }
  }

  private func giveUp(_ slot: Int32) {
    expired += 1
    pending.remove(slot)
  }
}

extension PendingLookups.Stage {
  var phase: LookupPhase {
    switch self {
    case .open: .early
    case .watched: .settled
    case .unnamed: .closing
    }
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
