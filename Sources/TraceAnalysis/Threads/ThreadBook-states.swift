internal import TraceEvents
internal import TraceFormat

/// Changes of a thread's state, and the times between them.
extension ThreadBook {
  mutating func turnOn(_ number: Int, _ now: Int64) {
    switch tracks[number].state {
    case .blocked: finishWait(number, now)
    // The switch before is missing.
    case .running: add(number, unknownTo: now)
    case .unknown, .runnable, .ended: break
    }
    move(number, to: .running, at: now)
  }

  mutating func turnOff(
    _ number: Int, _ event: ContextSwitch, _ stack: StackID, _ now: Int64
  ) {
    // The switch before is missing.
    switch tracks[number].state {
    case .blocked: lose(number, now)
    case .runnable: add(number, unknownTo: now)
    case .unknown, .running, .ended: break
    }
    let isWait = event.direction == .off
    move(number, to: isWait ? .blocked : .runnable, at: now, keepsWakeUp: isWait)
    tracks[number].isPreempted = !isWait
    tracks[number].stack = stack
    tracks[number].waitState = event.state
    if selection?.contains(now) ?? true {
      if isWait { tracks[number].times.waits += 1 } else { tracks[number].times.preemptions += 1 }
    }
  }

  /// Counts the current state up to now, and begins another.
  mutating func move(
    _ number: Int, to state: ThreadTrack.State, at now: Int64, keepsWakeUp: Bool = false
  ) {
    let track = tracks[number]
    if now > track.since, track.state != .ended {
      let isKnown = isLossFree(track.since, now)
      // A wait is counted by ``finishWait(_:_:)``.
      let isCounted = isKnown && track.state != .blocked
      count(
        number, isCounted ? track.state : .unknown, to: now,
        stack: track.isPreempted ? track.stack : .none)
    }
    tracks[number].since = now
    tracks[number].state = state
    tracks[number].isPreempted = false
    if !keepsWakeUp { tracks[number].wakeUp = nil }
  }

  /// The switch before is missing: nothing is known of the time since the last one.
  mutating func add(_ number: Int, unknownTo now: Int64) {
    count(number, .unknown, to: now)
  }

  /// A wait whose end is missing.
  mutating func lose(_ number: Int, _ now: Int64) {
    keepOpen(number, .eventsMissing)
    add(number, unknownTo: now)
  }

  /// Counts the current wait; after the wake-up, the thread was runnable.
  mutating func finishWait(_ number: Int, _ now: Int64) {
    let track = tracks[number]
    guard isLossFree(track.since, now) else { return lose(number, now) }
    var wakeUp = track.wakeUp
    if let known = wakeUp, known.isEarly, track.since &- known.time > Self.earlyMax_ns {
      wakeUp = nil
    }
    let ready = wakeUp.map { min(max($0.time, track.since), now) } ?? now
    let blocked = clipped(track.since, ready)
    count(number, .blocked, to: ready, stack: track.stack, wakeUp)
    count(number, .runnable, to: now, stack: track.stack)
    if blocked > 0 || selection?.contains(track.since) ?? true {
      onWait?(track, blocked, wakeUp)
      tally.add(number, track, blocked, wakeUp)
    }
  }

  /// Counts the time since the last change as spent in a state, and in a place of the program if it
  /// is known.
  private mutating func count(
    _ number: Int, _ state: ThreadTrack.State, to now: Int64, stack: StackID = .none,
    _ wakeUp: ThreadTrack.WakeUp? = nil
  ) {
    let track = tracks[number]
    let duration = clipped(track.since, now)
    tracks[number].since = now
    history?.add(number, state, track, to: now, stack: stack, wakeUp)
    guard duration > 0 else { return }
    switch state {
    case .running: tracks[number].times.running_ns &+= duration
    case .runnable:
      tracks[number].times.runnable_ns &+= duration
      if track.isPreempted { tracks[number].times.preempted_ns &+= duration }
      tally.addDelay(number, track, duration, stack: stack)
    case .blocked: tracks[number].times.blocked_ns &+= duration
    case .unknown: tracks[number].times.unknown_ns &+= duration
    case .ended: break
    }
  }

  mutating func keepOpen(_ number: Int, _ cause: ThreadReport.Open.Cause) {
    let track = tracks[number]
    guard selection?.contains(track.since) ?? true else { return }
    tally.keepOpen(number, track, cause)
  }

  func isLossFree(_ from: Int64, _ to: Int64) -> Bool {
    losses.isEmpty || !losses.anyLoss(0, from, to)
  }

  /// The length of the selected part of a time.
  func clipped(_ from: Int64, _ to: Int64) -> UInt64 {
    guard let selection else { return UInt64(clamping: to.subtractingClamped(from)) }
    let first = max(from, selection.lowerBound)
    return UInt64(clamping: min(to, selection.upperBound).subtractingClamped(first))
  }
}
