internal import TraceFormat

/// Programs by process id and time.
///
/// - Cost: a lookup is O(log n) in the lifetimes of the pid.
public struct ProcessHistory: Sendable {
  /// A lifetime from `since` until the next one.
  private struct Life {
    var since: Int64
    var name: String
  }

  /// Lifetimes by process id, in order of time.
  private var lives: [UInt32: [Life]] = [:]

  init() {}

  /// - Parameter split: pids whose first lifetime is a process without any events.
  init(
    _ known: ProcessLives, split: Set<UInt32>, _ firstNames: [UInt32: String], _ file: TraceFile
  ) {
    lives = firstNames.mapValues { [Life(since: .min, name: $0)] }
    for generation in known.all {
      let pid = generation.pid
      if generation.from > .min {
        lives[pid, default: []].append(Life(since: generation.from, name: generation.name ?? ""))
      } else if split.contains(pid), lives[pid] == nil {
        lives[pid] = [Life(since: .min, name: "")]
      }
    }
    for process in file.processes {
      add(process, joined: file.timestamp(ofTicks: process.joinTicks))
    }
  }

  /// A process record has the full name; the kernel's name is limited to 15 bytes.
  private mutating func add(_ process: ProcessRecord, joined: Int64) {
    let name = process.executable.split(separator: "/").last.map(String.init) ?? ""
    guard !name.isEmpty else { return }
    guard var known = lives[process.pid] else {
      lives[process.pid] = [Life(since: .min, name: name)]
      return
    }
    let index = Self.index(of: joined, in: known)
    // A record close to an exec may describe the program before or after it.
    if known[index].name.isEmpty || name.utf8.starts(with: known[index].name.utf8) {
      known[index].name = name
      lives[process.pid] = known
    }
  }

  /// Returns the process that had `pid` at `time`, in nanoseconds since the trace began. Times
  /// before the first known lifetime are attributed to it. An unknown process is named "?".
  public func process(_ pid: UInt32, at time: Int64) -> ResolvedProcess {
    let known = lives[pid] ?? []
    let index = Self.index(of: time, in: known)
    guard index < known.count else {
      return ResolvedProcess(pid: pid, generation: 0, name: "?", validity: .always)
    }
    let from = index == 0 ? Int64.min : known[index].since
    let until = index + 1 < known.count ? known[index + 1].since &- 1 : Int64.max
    return ResolvedProcess(
      pid: pid, generation: UInt32(clamping: index), name: known[index].name,
      validity: from...max(from, until))
  }

  /// Returns the last lifetime that began at or before `time`; the first if there is none.
  private static func index(of time: Int64, in lives: [Life]) -> Int {
    var low = 0
    var high = lives.count
    while low < high {
      let middle = (low + high) / 2
      if lives[middle].since <= time { low = middle + 1 } else { high = middle }
    }
    return max(low - 1, 0)
  }
}
