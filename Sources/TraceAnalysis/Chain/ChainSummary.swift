internal import TraceEvents
internal import TraceFormat

/// Names and sums up the steps of a chain.
struct ChainSummary {
  private struct CauseKey: Hashable {
    var track: Int
    var state: ChainReport.State
    var reason: WaitReason?
    var frames: [FrameID]
  }

  private let book: ThreadBook
  private var owners: ThreadOwners
  private var stacks: WaitStacks?
  private var isChainCut = false
  private var threads: [Int: ChainReport.Thread] = [:]

  /// - Parameter book: a closed one, with a history.
  init(_ book: ThreadBook, _ owners: ThreadOwners, _ stacks: WaitStacks?) {
    (self.book, self.owners, self.stacks) = (book, owners, stacks)
  }

  /// Whether a limit was reached.
  var isCut: Bool { book.isCut || isChainCut }

  /// Returns the selected thread with an id, and the selected part of its life.
  mutating func track(
    of tid: UInt32, _ selection: ReportSelection
  ) -> (track: Int, time: ClosedRange<Int64>)? {
    var found: (track: Int, time: ClosedRange<Int64>)?
    var longest: UInt64 = 0
    let all = selection.time ?? .min ... .max
    for (number, track) in book.tracks.enumerated() where track.tid == tid {
      guard selection.admits(owners.process(track.processIndex, at: track.firstEvent)) else {
        continue
      }
      let from = max(track.from, all.lowerBound)
      let to = min(track.until ?? track.since, all.upperBound)
      let length = UInt64(clamping: to.subtractingClamped(from))
      if to > from, length > longest { (found, longest) = ((number, from...to), length) }
    }
    return found
  }

  mutating func thread(_ number: Int) -> ChainReport.Thread {
    if let known = threads[number] { return known }
    let track = book.tracks[number]
    let process = owners.process(track.processIndex, at: track.firstEvent)
    let thread = ChainReport.Thread(
      tid: track.tid, pid: process.pid, name: owners.name(of: track))
    threads[number] = thread
    return thread
  }

  /// Returns the named steps in order of time, and their sums, longest total first.
  mutating func chain(
    of track: Int, in time: ClosedRange<Int64>
  ) -> (steps: [ChainReport.Step], causes: [ChainReport.Cause]) {
    guard let history = book.history else { return ([], []) }
    var walk = ChainWalk(book.tracks, history)
    let found = walk.steps(of: track, from: time.lowerBound, to: time.upperBound)
    isChainCut = walk.isCut
    var sums: [CauseKey: ChainReport.Cause] = [:]
    var steps: [ChainReport.Step] = []
    for step in found {
      let (named, frames) = self.named(step, history)
      let key = CauseKey(
        track: step.track, state: named.state, reason: named.reason, frames: frames)
      let none = ChainReport.Cause(
        thread: named.thread, state: named.state, reason: named.reason, count: 0, total_ns: 0,
        max_ns: 0, frames: stacks?.frames(frames) ?? [])
      sums[key, default: none].add(named.duration_ns)
      steps.append(named)
    }
    let causes = sums.values.sorted { a, b in
      if a.total_ns != b.total_ns { return a.total_ns > b.total_ns }
      if a.thread.tid != b.thread.tid { return a.thread.tid < b.thread.tid }
      return (a.state.rawValue, a.reason?.rawValue ?? "", a.count)
        < (b.state.rawValue, b.reason?.rawValue ?? "", b.count)
    }
    return (steps, causes)
  }

  private mutating func named(
    _ step: ChainWalk.Step, _ history: ThreadHistory
  ) -> (ChainReport.Step, [FrameID]) {
    var named = ChainReport.Step(
      thread: thread(step.track), start_ns: step.from,
      duration_ns: UInt64(clamping: step.to.subtractingClamped(step.from)),
      state: step.state.reported, reason: nil, end: step.end, depth: step.depth)
    guard step.state == .blocked, let position = step.stretch else { return (named, []) }
    let stretch = history.stretches[position]
    let track = book.tracks[step.track]
    let process = owners.process(track.processIndex, at: track.firstEvent)
    let state = ThreadState(rawValue: stretch.waitState)
    let found = stacks?.named(stretch.stack, state, of: process, at: stretch.from)
    named.reason = found?.reason ?? WaitReason.of(state) ?? .unknown
    return (named, found?.frames ?? [])
  }
}

extension ChainReport.Cause {
  fileprivate mutating func add(_ duration: UInt64) {
    count += 1
    total_ns = total_ns.addingClamped(duration)
    max_ns = max(max_ns, duration)
  }
}

extension ThreadTrack.State {
  fileprivate var reported: ChainReport.State {
    switch self {
    case .running: .running
    case .runnable: .runnable
    case .blocked: .blocked
    case .unknown, .ended: .unknown
    }
  }
}
