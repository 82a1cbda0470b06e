internal import TraceEvents
internal import TraceFormat

/// Which program had a process id at a time.
struct ProcessNames {
  /// From `since` on, until the next.
  private struct Life {
    var since: Int64
    var name: String
  }

  /// By process id, in order of time.
  private var lives: [UInt32: [Life]] = [:]

  /// Reads what the file tells of processes.
  init(_ file: TraceFile) throws {
    let events = EventList()
    let replay = Replay(file)
    replay.on(ProcessStart.self) { event, header in
      // What ran before the session has always been that program, as far as the trace knows.
      let since = header.flags.contains(.rundown) ? Int64.min : header.timestamp
      events.add(header.pid, since, event.name)
    }
    replay.on(ProcessExec.self) { event, header in
      events.add(header.pid, header.timestamp, event.name)
    }
    try replay.run()
    lives = events.lives.mapValues { lives in
      lives.enumerated().sorted { ($0.element.since, $0.offset) < ($1.element.since, $1.offset) }
        .map(\.element)
    }
    for process in file.processes {
      add(process, joined: file.timestamp(ofTicks: process.joinTicks))
    }
  }

  private final class EventList {
    var lives: [UInt32: [Life]] = [:]

    func add(_ pid: UInt32, _ since: Int64, _ name: String) {
      lives[pid, default: []].append(Life(since: since, name: name))
    }
  }

  /// A process record knows the whole name, where the kernel's has 15 bytes.
  private mutating func add(_ process: ProcessRecord, joined: Int64) {
    let name = process.executable.split(separator: "/").last.map(String.init) ?? ""
    guard !name.isEmpty else { return }
    guard var known = lives[process.pid] else {
      lives[process.pid] = [Life(since: .min, name: name)]
      return
    }
    let index = Self.index(of: joined, in: known)
    // A record may tell of the program before, or after, an exec at about that time.
    if known[index].name.isEmpty || name.utf8.starts(with: known[index].name.utf8) {
      known[index].name = name
      lives[process.pid] = known
    }
  }

  func process(_ pid: UInt32, at time: Int64) -> ResolvedProcess {
    let known = lives[pid] ?? []
    let index = Self.index(of: time, in: known)
    guard index < known.count else {
      return ResolvedProcess(pid: pid, generation: 0, name: "?", validity: .always)
    }
    // What was before the first that is known is taken for it.
    let from = index == 0 ? Int64.min : known[index].since
    let until = index + 1 < known.count ? known[index + 1].since &- 1 : Int64.max
    return ResolvedProcess(
      pid: pid, generation: UInt32(clamping: index), name: known[index].name,
      validity: from...max(from, until))
  }

  /// The last life that began at or before `time`; the first when none did.
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
