internal import TraceEvents
internal import TraceFormat

/// Follows the states of all threads, in order of time.
///
/// - Guarantee: the times of a thread add up to its life. A time in which events may be missing
///   counts as unknown, and a wait in it is open.
struct ThreadBook {
  static let tracksMax = 1 << 17
  static let waitsMax = 1 << 18
  static let wakersMax = 1 << 18
  /// Open waits kept in all, and of a process, and longest waits kept of a process.
  static let openMax = 1 << 16
  static let openOfProcessMax: UInt64 = 1000
  static let longestMax = 10
  /// How long before a switch the wake-up that belongs to it can come.
  static let earlyMax_ns: Int64 = 1_000_000

  /// The time that is counted; nil for all.
  let selection: ClosedRange<Int64>?
  var losses: LossWindows
  private(set) var tracks: [ThreadTrack] = []
  private(set) var waits: [WaitRecord] = []
  private(set) var wakers: [WakerRecord] = []
  private(set) var open: [SingleWait] = []
  /// Number of open waits by process, and the longest waits.
  private(set) var openCounts: [UInt32: UInt64] = [:]
  private(set) var longest: [UInt32: [SingleWait]] = [:]
  private(set) var isCut = false
  private(set) var hasWakeUps = false
  private(set) var hasStacks = false
  /// Called for each wait that has ended, with its blocked time.
  var onWait: ((ThreadTrack, UInt64, ThreadTrack.WakeUp?) -> Void)?
  private var living: [UInt32: Int] = [:]
  /// Threads that have ended: a thread still switches in the kernel after its end.
  private var ended: [UInt32: (process: UInt32, time: Int64)] = [:]
  private var waitNumbers: [WaitRecord.Key: Int] = [:]
  private var wakerNumbers: [WakerRecord.Key: Int] = [:]

  init(selection: ClosedRange<Int64>?, losses: LossWindows) {
    (self.selection, self.losses) = (selection, losses)
  }

  // MARK: Events

  mutating func switched(_ event: ContextSwitch, _ header: EventHeader) {
    guard let number = track(header) else { return }
    let now = max(header.timestamp, tracks[number].since)
    if event.direction == .on {
      turnOn(number, now)
    } else {
      if header.stack != .none { hasStacks = true }
      turnOff(number, event, header.stack, now)
    }
  }

  mutating func woken(_ event: ReadyThread, _ header: EventHeader) {
    hasWakeUps = true
    guard let number = living[event.threadID] else { return }
    let now = max(header.timestamp, tracks[number].since)
    let wakeUp = ThreadTrack.WakeUp(
      time: now, isEarly: tracks[number].state == .running, tid: header.tid,
      process: header.processIndex, context: event.context.rawValue, stack: header.stack)
    switch tracks[number].state {
    case .running: tracks[number].wakeUp = wakeUp
    case .blocked where tracks[number].wakeUp?.isEarly ?? true: tracks[number].wakeUp = wakeUp
    case .unknown: move(number, to: .runnable, at: now)
    case .blocked, .runnable, .ended: break
    }
  }

  /// A thread begins; with the rundown flag, it ran before the session.
  mutating func began(_ header: EventHeader, traceStart: Int64) {
    if header.flags.contains(.rundown) {
      guard let number = track(header, from: traceStart) else { return }
      let from = tracks[number].from
      guard from > traceStart, tracks[number].processIndex == header.processIndex else { return }
      tracks[number].from = traceStart
      tracks[number].times.unknown_ns = tracks[number].times.unknown_ns
        .addingClamped(clipped(traceStart, from))
      return
    }
    end(header)
    ended[header.tid] = nil
    guard let number = track(header) else { return }
    move(number, to: .runnable, at: tracks[number].since)
  }

  /// A thread executes a program: it runs.
  mutating func executed(_ header: EventHeader) {
    guard let number = track(header) else { return }
    if tracks[number].state != .running {
      move(number, to: .running, at: max(header.timestamp, tracks[number].since))
    }
  }

  mutating func end(_ header: EventHeader) {
    guard let number = living[header.tid] else { return }
    let now = max(header.timestamp, tracks[number].since)
    switch tracks[number].state {
    case .blocked: lose(number, now)
    case .runnable: add(number, unknownTo: now)
    case .unknown, .running, .ended: break
    }
    move(number, to: .ended, at: now)
    tracks[number].until = now
    living[header.tid] = nil
    ended[header.tid] = (tracks[number].processIndex, now)
  }

  /// Ends the trace for a thread.
  mutating func close(_ number: Int, at end: Int64, processEnded: Bool) {
    guard tracks[number].until == nil else { return }
    let now = max(end, tracks[number].since)
    tracks[number].until = now
    let track = tracks[number]
    if track.state == .blocked {
      if isLossFree(track.since, now), track.wakeUp == nil {
        keepOpen(number, processEnded ? .processEnded : .traceEnded)
      }
      finishWait(number, now)
    } else {
      move(number, to: .ended, at: now)
    }
  }

  // MARK: States

  private mutating func turnOn(_ number: Int, _ now: Int64) {
    switch tracks[number].state {
    case .blocked: finishWait(number, now)
    // The switch before is missing.
    case .running: add(number, unknownTo: now)
    case .unknown, .runnable, .ended: break
    }
    move(number, to: .running, at: now)
  }

  private mutating func turnOff(
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
  private mutating func move(
    _ number: Int, to state: ThreadTrack.State, at now: Int64, keepsWakeUp: Bool = false
  ) {
    let track = tracks[number]
    let duration = clipped(track.since, now)
    if duration > 0 {
      let isKnown = isLossFree(track.since, now)
      switch track.state {
      case .running where isKnown: tracks[number].times.running_ns &+= duration
      case .runnable where isKnown:
        tracks[number].times.runnable_ns &+= duration
        if track.isPreempted { tracks[number].times.preempted_ns &+= duration }
      case .ended: break
      case .unknown, .running, .runnable, .blocked:
        tracks[number].times.unknown_ns &+= duration
      }
    }
    tracks[number].since = now
    tracks[number].state = state
    tracks[number].isPreempted = false
    if !keepsWakeUp { tracks[number].wakeUp = nil }
  }

  private mutating func add(_ number: Int, unknownTo now: Int64) {
    tracks[number].times.unknown_ns &+= clipped(tracks[number].since, now)
    tracks[number].since = now
  }

  /// A wait whose end is missing.
  private mutating func lose(_ number: Int, _ now: Int64) {
    keepOpen(number, .eventsMissing)
    add(number, unknownTo: now)
  }

  /// Counts the current wait; after the wake-up, the thread was runnable.
  private mutating func finishWait(_ number: Int, _ now: Int64) {
    let track = tracks[number]
    guard isLossFree(track.since, now) else { return lose(number, now) }
    var wakeUp = track.wakeUp
    if let known = wakeUp, known.isEarly, track.since &- known.time > Self.earlyMax_ns {
      wakeUp = nil
    }
    let ready = wakeUp.map { min(max($0.time, track.since), now) } ?? now
    let blocked = clipped(track.since, ready)
    tracks[number].times.blocked_ns &+= blocked
    tracks[number].times.runnable_ns &+= clipped(ready, now)
    tracks[number].since = now
    if blocked > 0 || selection?.contains(track.since) ?? true {
      onWait?(track, blocked, wakeUp)
      count(number, track, blocked, wakeUp)
    }
  }

  // MARK: Sums

  private mutating func count(
    _ number: Int, _ track: ThreadTrack, _ blocked: UInt64, _ wakeUp: ThreadTrack.WakeUp?
  ) {
    let key = WaitRecord.Key(
      track: UInt32(number), stack: track.stack.rawValue, state: track.waitState.rawValue)
    guard
      let wait = Self.number(of: key, in: &waitNumbers, next: waits.count, limit: Self.waitsMax)
    else { return isCut = true }
    if wait == waits.count { waits.append(WaitRecord(key: key, time: track.since)) }
    waits[wait].count += 1
    waits[wait].total = waits[wait].total.addingClamped(blocked)
    waits[wait].longest = max(waits[wait].longest, blocked)
    keepLongest(number, track, blocked)
    guard let wakeUp else { return }
    let wakerKey = WakerRecord.Key(
      wait: UInt32(wait), tid: wakeUp.tid, process: wakeUp.process, stack: wakeUp.stack.rawValue,
      context: wakeUp.context)
    guard
      let waker = Self.number(
        of: wakerKey, in: &wakerNumbers, next: wakers.count, limit: Self.wakersMax)
    else { return isCut = true }
    if waker == wakers.count { wakers.append(WakerRecord(key: wakerKey, time: wakeUp.time)) }
    wakers[waker].count += 1
    wakers[waker].total = wakers[waker].total.addingClamped(blocked)
  }

  private static func number<Key: Hashable>(
    of key: Key, in numbers: inout [Key: Int], next: Int, limit: Int
  ) -> Int? {
    if let known = numbers[key] { return known }
    guard next < limit else { return nil }
    numbers[key] = next
    return next
  }

  private mutating func keepLongest(_ number: Int, _ track: ThreadTrack, _ blocked: UInt64) {
    let known = longest[track.processIndex]?.last?.duration ?? 0
    let isFull = longest[track.processIndex]?.count ?? 0 >= Self.longestMax
    guard blocked > 0, !isFull || blocked > known else { return }
    var all = longest.removeValue(forKey: track.processIndex) ?? []
    let place = all.firstIndex { $0.duration < blocked } ?? all.count
    all.insert(
      SingleWait(
        track: UInt32(number), start: track.since, duration: blocked, stack: track.stack,
        state: track.waitState), at: place)
    if all.count > Self.longestMax { all.removeLast() }
    longest[track.processIndex] = all
  }

  private mutating func keepOpen(_ number: Int, _ cause: ThreadReport.Open.Cause) {
    let track = tracks[number]
    guard selection?.contains(track.since) ?? true else { return }
    openCounts[track.processIndex, default: 0] += 1
    guard open.count < Self.openMax,
      openCounts[track.processIndex] ?? 0 <= Self.openOfProcessMax
    else { return }
    open.append(
      SingleWait(
        track: UInt32(number), start: track.since, duration: 0, stack: track.stack,
        state: track.waitState, cause: cause))
  }

  private func isLossFree(_ from: Int64, _ to: Int64) -> Bool {
    losses.isEmpty || !losses.anyLoss(0, from, to)
  }

  /// The length of the selected part of a time.
  private func clipped(_ from: Int64, _ to: Int64) -> UInt64 {
    guard let selection else { return UInt64(clamping: to.subtractingClamped(from)) }
    let first = max(from, selection.lowerBound)
    return UInt64(clamping: min(to, selection.upperBound).subtractingClamped(first))
  }

  // MARK: Threads

  /// The track of an event's thread; a new one if the id belongs to a thread of another process.
  /// Nil for threads that have ended, and beyond the limit.
  private mutating func track(_ header: EventHeader, from: Int64? = nil) -> Int? {
    if let known = living[header.tid] {
      if tracks[known].processIndex == header.processIndex { return known }
      end(header)
    }
    // The idle threads, and threads after their end, have no id.
    guard header.tid != 0, header.tid != .max else { return nil }
    if let last = ended[header.tid], last.process == header.processIndex,
      isLossFree(last.time, header.timestamp)
    {
      return nil
    }
    guard tracks.count < Self.tracksMax else {
      isCut = true
      return nil
    }
    living[header.tid] = tracks.count
    tracks.append(ThreadTrack(header, from: from ?? header.timestamp))
    return tracks.count - 1
  }
}
