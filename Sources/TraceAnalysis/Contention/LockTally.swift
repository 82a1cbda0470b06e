internal import TraceFormat

/// A wait that has ended.
struct EndedWait {
  var tid: UInt32
  var start: Int64
  var duration: UInt64
  var stack: StackID
  var owner: LockOwner?
}

/// The thread that held a lock, or ended a wait.
struct LockOwner: Hashable {
  var tid: UInt32
  /// The name that the runtime gave.
  var name = ""
  /// The trace's number of its process.
  var process: UInt32
  var stack: StackID
  var time: Int64

  func hash(into hasher: inout Hasher) {
    hasher.combine(tid)
    hasher.combine(stack.rawValue)
  }

  /// Times do not count.
  static func == (a: LockOwner, b: LockOwner) -> Bool {
    a.tid == b.tid && a.stack == b.stack && a.process == b.process && a.name == b.name
  }
}

/// The waits for one lock, or at one place.
struct LockTally {
  /// Maximum numbers of stacks, owners and threads that are told apart.
  static let stacksMax = 200
  static let ownersMax = 200
  static let threadsMax = 10_000

  struct Place {
    var count = 0
    var total: UInt64 = 0
    /// For names.
    var time: Int64
  }

  private(set) var durations: [CountedDuration] = []
  private(set) var threads: Set<UInt32> = []
  private(set) var stacks: [StackID: Place] = [:]
  private(set) var owners: [LockOwner: Int] = [:]
  /// The longest waits, longest first.
  private(set) var longest: [EndedWait] = []
  private(set) var isCut = false

  /// - Parameter times: number of waits for which the wait stands.
  mutating func add(_ wait: EndedWait, times: Int = 1) {
    durations.append(CountedDuration(wait.duration, times: times))
    if threads.count < Self.threadsMax { threads.insert(wait.tid) } else { isCut = true }
    if stacks[wait.stack] != nil || stacks.count < Self.stacksMax {
      var place = stacks[wait.stack] ?? Place(time: wait.start)
      place.count += times
      place.total = place.total.addingClamped(wait.duration, times: times)
      stacks[wait.stack] = place
    } else {
      isCut = true
    }
    if let owner = wait.owner {
      if owners[owner] != nil || owners.count < Self.ownersMax {
        owners[owner, default: 0] += times
      } else {
        isCut = true
      }
    }
    longest.keepLongest(wait)
  }

  /// Adds the waits of another tally.
  mutating func add(_ other: LockTally) {
    durations += other.durations
    threads.formUnion(other.threads)
    stacks.merge(other.stacks) { a, b in
      Place(count: a.count + b.count, total: a.total.addingClamped(b.total), time: a.time)
    }
    owners.merge(other.owners) { $0 + $1 }
    for wait in other.longest { longest.keepLongest(wait) }
  }

  /// The sum of all waits; saturates.
  var total: UInt64 {
    durations.reduce(0) { $0.addingClamped($1.duration, times: $1.times) }
  }
}

extension UInt64 {
  /// Adds a number so many times; saturates.
  fileprivate func addingClamped(_ other: UInt64, times: Int) -> UInt64 {
    let (product, overflow) = other.multipliedReportingOverflow(by: UInt64(times))
    return addingClamped(overflow ? .max : product)
  }
}

extension [EndedWait] {
  /// Adds a wait if it is one of the longest.
  mutating func keepLongest(_ wait: EndedWait) {
    let limit = ContentionReport.Section.longestMax
    if count >= limit {
      guard let last, wait.duration > last.duration else { return }
      removeLast()
    }
    insert(wait, at: firstIndex { $0.duration < wait.duration } ?? count)
  }
}
