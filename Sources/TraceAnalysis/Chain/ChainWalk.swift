internal import TraceEvents
internal import TraceFormat

/// Goes back in time from the end of an interval of a thread: through its own states, and from a
/// wait to the thread that ended it, until the wait's beginning.
///
/// - Cost: a binary search for each step. At most ``ChainReport/stepsMax`` steps, and
///   ``ChainReport/hopsMax`` threads at a time.
struct ChainWalk {
  /// A time that one thread spent in one state, without names.
  struct Step {
    var track: Int
    var state: ThreadTrack.State
    var from: Int64
    var to: Int64
    var depth: Int
    /// Position in the history; nil if nothing is known.
    var stretch: Int?
    var end: ChainReport.End?
  }

  /// A thread, and the time at which the chain returns to the thread that waits for it.
  private struct Level {
    var track: Int
    var floor: Int64
  }

  private enum Cause {
    case thread(Int)
    case end(ChainReport.End)
  }

  private let tracks: [ThreadTrack]
  private let history: ThreadHistory
  /// Positions in the history by track, and where each track's begin.
  private let order: [UInt32]
  private let starts: [Int]
  /// Tracks by process and thread id, in order of time.
  private let numbers: [UInt64: [Int]]
  private(set) var isCut = false

  init(_ tracks: [ThreadTrack], _ history: ThreadHistory) {
    (self.tracks, self.history) = (tracks, history)
    var starts = [Int](repeating: 0, count: tracks.count + 1)
    for stretch in history.stretches { starts[Int(stretch.track) + 1] += 1 }
    for track in tracks.indices { starts[track + 1] += starts[track] }
    var next = starts
    var order = [UInt32](repeating: 0, count: history.stretches.count)
    for (position, stretch) in history.stretches.enumerated() {
      order[next[Int(stretch.track)]] = UInt32(position)
      next[Int(stretch.track)] += 1
    }
    (self.order, self.starts) = (order, starts)
    numbers = Dictionary(grouping: tracks.indices) {
      Self.key(tracks[$0].processIndex, tracks[$0].tid)
    }
  }

  private static func key(_ process: UInt32, _ tid: UInt32) -> UInt64 {
    UInt64(process) << 32 | UInt64(tid)
  }

  /// Returns the steps in order of time.
  mutating func steps(of track: Int, from: Int64, to: Int64) -> [Step] {
    var levels = [Level(track: track, floor: from)]
    var steps: [Step] = []
    var time = to
    while let level = levels.last, time > from {
      guard time > level.floor else {
        levels.removeLast()
        continue
      }
      guard steps.count < ChainReport.stepsMax else {
        isCut = true
        break
      }
      var step = step(of: level.track, before: time, floor: level.floor)
      step.depth = levels.count - 1
      if step.state == .blocked, let stretch = step.stretch {
        switch cause(of: history.stretches[stretch], at: time, levels) {
        case .thread(let waker):
          levels.append(Level(track: waker, floor: step.from))
          continue
        case .end(let end): step.end = end
        }
      }
      steps.append(step)
      time = step.from
    }
    return steps.reversed()
  }

  /// Returns what a track does up to a time.
  private func step(of track: Int, before time: Int64, floor: Int64) -> Step {
    var (low, high) = (starts[track], starts[track + 1])
    // The first one that ends at this time or later.
    while low < high {
      let middle = (low + high) / 2
      if history.stretches[Int(order[middle])].to < time { low = middle + 1 } else { high = middle }
    }
    var step = Step(track: track, state: .unknown, from: floor, to: time, depth: 0)
    if low < starts[track + 1] {
      let position = Int(order[low])
      let stretch = history.stretches[position]
      if stretch.from < time {
        step.from = max(floor, stretch.from)
        (step.state, step.stretch) = (stretch.state, position)
        return step
      }
    }
    if low > starts[track] {
      step.from = max(floor, history.stretches[Int(order[low - 1])].to)
    }
    return step
  }

  /// Returns what ended a wait.
  private func cause(
    of wait: ThreadHistory.Stretch, at time: Int64, _ levels: [Level]
  ) -> Cause {
    guard wait.to == time else { return .end(levels.count == 1 ? .notEnded : .unfitting) }
    guard wait.wakeUp != ThreadHistory.Stretch.noWakeUp else { return .end(.noWakeUp) }
    let wakeUp = history.wakeUps[Int(wait.wakeUp)]
    guard wakeUp.context == WakeContext.thread.rawValue else { return .end(.interrupt) }
    guard wakeUp.process != ProcessNumbers.undefined else { return .end(.otherProgram) }
    let own = numbers[Self.key(wakeUp.process, wakeUp.tid)] ?? []
    guard
      let waker = own.last(where: {
        tracks[$0].from <= time
          && tracks[$0].until ?? .max >= time.subtractingClamped(ThreadBook.earlyMax_ns)
      })
    else { return .end(.unfitting) }
    if levels.contains(where: { $0.track == waker }) { return .end(.cycle) }
    return levels.count < ChainReport.hopsMax ? .thread(waker) : .end(.tooLong)
  }
}
