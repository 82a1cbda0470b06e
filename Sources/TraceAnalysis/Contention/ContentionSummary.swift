internal import TraceFormat

/// Turns tallies into the rows of a ``ContentionReport``, and names what they contain.
struct ContentionSummary {
  typealias Key = MonitorTracker.Key

  /// Maximum number of locks of a section whose places and owners are named.
  private static let namedMax = 1000
  /// Number of a lock's stacks that are named, to find those with equal frames.
  private static let stacksMax = 20

  private let file: TraceFile
  private let history: ProcessHistory
  private let names: ThreadNames
  private var stacks: NamedStacks?

  init(
    _ file: TraceFile, _ history: ProcessHistory, _ names: ThreadNames, _ stacks: NamedStacks?
  ) {
    (self.file, self.history, self.names, self.stacks) = (file, history, names, stacks)
  }

  /// A lock before it is named.
  private struct Entry {
    var key: Key
    var tally: LockTally
    var waits: DurationSummary
    /// Of native code; those of monitors differ.
    var frames: [StackFrame]
  }

  /// Returns a section: the locks by total time, and the longest waits.
  mutating func section(
    _ locks: [(key: Key, frames: [StackFrame], tally: LockTally)], of process: ResolvedProcess
  ) -> ContentionReport.Section {
    var section = ContentionReport.Section()
    section.waits = DurationSummary(locks.flatMap(\.tally.durations))
    let entries = locks.map {
      Entry(
        key: $0.key, tally: $0.tally, waits: DurationSummary($0.tally.durations),
        frames: $0.frames)
    }.sorted(by: Self.isBefore)
    for (number, entry) in entries.enumerated() {
      var lock = ContentionReport.Lock(
        kind: entry.key.kind, type: entry.key.type, id: entry.key.id, waits: entry.waits,
        threads: entry.tally.threads.count, places: [], owners: [])
      if number < Self.namedMax {
        lock.places = places(entry.tally, of: process)
        lock.owners = owners(entry.tally, of: process)
      }
      section.locks.append(lock)
    }
    var longest: [(wait: EndedWait, key: Key)] = entries.flatMap { entry in
      entry.tally.longest.map { ($0, entry.key) }
    }
    longest.sort {
      ($1.wait.duration, $0.wait.start, $0.wait.tid)
        < ($0.wait.duration, $1.wait.start, $1.wait.tid)
    }
    section.longest = longest.prefix(ContentionReport.Section.longestMax).map {
      wait($0.wait, $0.key, of: process)
    }
    return section
  }

  private static func isBefore(_ a: Entry, _ b: Entry) -> Bool {
    if a.waits.total_ns != b.waits.total_ns { return a.waits.total_ns > b.waits.total_ns }
    if a.waits.count != b.waits.count { return a.waits.count > b.waits.count }
    if a.key.type != b.key.type { return a.key.type < b.key.type }
    if a.key.id != b.key.id { return a.key.id ?? 0 < b.key.id ?? 0 }
    if a.key.kind != b.key.kind { return a.key.kind.rawValue < b.key.kind.rawValue }
    return a.frames.map(\.name).lexicographicallyPrecedes(b.frames.map(\.name))
  }

  private mutating func places(
    _ tally: LockTally, of process: ResolvedProcess
  ) -> [ContentionReport.Place] {
    guard stacks != nil else { return [] }
    let most = tally.stacks.filter { $0.key != .none }
      .sorted { ($1.value.total, $0.key.rawValue) < ($0.value.total, $1.key.rawValue) }
      .prefix(Self.stacksMax)
    var merged: [[StackFrame]: ContentionReport.Place] = [:]
    for (stack, place) in most {
      let frames = frames(stack, of: process, at: place.time)
      var sum =
        merged[frames] ?? ContentionReport.Place(count: 0, total_ns: 0, frames: frames)
      sum.count += place.count
      sum.total_ns = sum.total_ns.addingClamped(place.total)
      merged[frames] = sum
    }
    return merged.values.sorted { a, b in
      a.total_ns != b.total_ns
        ? a.total_ns > b.total_ns
        : a.frames.map(\.name).lexicographicallyPrecedes(b.frames.map(\.name))
    }.prefix(ContentionReport.Lock.placesMax).map { $0 }
  }

  /// Owners by thread, each with its most frequent stack.
  private mutating func owners(
    _ tally: LockTally, of process: ResolvedProcess
  ) -> [ContentionReport.Owner] {
    let threads = Dictionary(grouping: tally.owners) {
      OwnerKey(tid: $0.key.tid, name: $0.key.name, process: $0.key.process)
    }
    let sums = threads.map { key, all in (key, all, all.reduce(0) { $0 + $1.value }) }
      .sorted { a, b in
        a.2 != b.2 ? a.2 > b.2 : (a.0.tid, a.0.name) < (b.0.tid, b.0.name)
      }
    return sums.prefix(ContentionReport.Lock.ownersMax).map { key, all, count in
      let most = all.filter { $0.key.stack != .none }
        .max { ($0.value, $1.key.stack.rawValue) < ($1.value, $0.key.stack.rawValue) }
      guard let one = most?.key ?? all.first?.key else {
        return ContentionReport.Owner(tid: key.tid, name: key.name, count: count, frames: [])
      }
      return owner(one, of: process, count: count)
    }
  }

  private struct OwnerKey: Hashable {
    var tid: UInt32
    var name: String
    var process: UInt32
  }

  private mutating func owner(
    _ owner: LockOwner, of process: ResolvedProcess, count: Int
  ) -> ContentionReport.Owner {
    // A waker may be a thread of another process.
    let pid = file.process(index: owner.process)?.pid ?? 0
    let home = pid == process.pid ? process : history.process(pid, at: owner.time)
    let name = owner.name.isEmpty ? self.name(owner.tid, of: home, at: owner.time) : owner.name
    return ContentionReport.Owner(
      tid: owner.tid, name: name, count: count,
      frames: frames(owner.stack, of: home, at: owner.time))
  }

  private mutating func wait(
    _ wait: EndedWait, _ key: Key, of process: ResolvedProcess
  ) -> ContentionReport.Wait {
    ContentionReport.Wait(
      kind: key.kind, type: key.type, id: key.id, tid: wait.tid,
      thread: name(wait.tid, of: process, at: wait.start), start_ns: wait.start,
      wait_ns: wait.duration, frames: frames(wait.stack, of: process, at: wait.start),
      owner: wait.owner.map { owner($0, of: process, count: 1) })
  }

  /// Returns a wait without an end.
  mutating func open(
    _ key: Key, _ tid: UInt32, _ start: Int64, _ cause: ContentionReport.Open.Cause,
    _ stack: StackID, of process: ResolvedProcess
  ) -> ContentionReport.Open {
    ContentionReport.Open(
      kind: key.kind, type: key.type, id: key.id, tid: tid,
      thread: name(tid, of: process, at: start), start_ns: start, cause: cause,
      frames: frames(stack, of: process, at: start))
  }

  mutating func frames(
    _ stack: StackID, of process: ResolvedProcess, at time: Int64
  ) -> [StackFrame] {
    stack == .none ? [] : stacks?.stackFrames(stack, of: process, at: time) ?? []
  }

  private func name(_ tid: UInt32, of process: ResolvedProcess, at time: Int64) -> String {
    names.name(of: tid, pid: process.pid, at: time).name
      ?? (tid == process.pid && tid != 0 ? process.name : "")
  }
}
