internal import TraceEvents
internal import TraceFormat

/// Follows the states of all threads, in order of time.
///
/// - Guarantee: the times of a thread add up to its life. A time in which events may be missing
///   counts as unknown, and a wait in it is open.
struct ThreadBook {
  static let tracksMax = 1 << 17
  /// How long before a switch the wake-up that belongs to it can come.
  static let earlyMax_ns: Int64 = 1_000_000

  /// The time that is counted; nil for all.
  let selection: ClosedRange<Int64>?
  var losses = LossWindows()
  var tracks: [ThreadTrack] = []
  var tally: WaitTally
  /// Nil if the stretches of the threads' lives are not kept.
  var history: ThreadHistory?
  private var filter: ThreadFilter
  private var hasMoreThreads = false
  private(set) var hasWakeUps = false
  private(set) var hasStacks = false
  /// Called for each wait that has ended, with its blocked time.
  var onWait: ((ThreadTrack, UInt64, ThreadTrack.WakeUp?) -> Void)?
  private var living: [UInt32: Int] = [:]
  /// Threads that have ended: a thread still switches in the kernel after its end.
  private var ended: [UInt32: (process: UInt32, time: Int64)] = [:]

  init(_ filter: ThreadFilter, tally: WaitTally = WaitTally()) {
    (self.filter, self.tally) = (filter, tally)
    selection = filter.time
  }

  /// Whether a limit was reached.
  var isCut: Bool { hasMoreThreads || tally.isCut || history?.isCut ?? false }

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

  // MARK: Threads

  /// The track of an event's thread; a new one if the id belongs to a thread of another process.
  /// Nil for threads that have ended or are not followed, and beyond the limit.
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
    guard filter.admits(header) else { return nil }
    guard tracks.count < Self.tracksMax else {
      hasMoreThreads = true
      return nil
    }
    living[header.tid] = tracks.count
    tracks.append(ThreadTrack(header, from: from ?? header.timestamp))
    return tracks.count - 1
  }
}
