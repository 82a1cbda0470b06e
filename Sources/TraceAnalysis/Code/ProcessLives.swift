/// The generations of all processes, by pid and time.
struct ProcessLives {
  private(set) var all: [Generation] = []
  private var byPID: [UInt32: [Int]] = [:]

  /// The process as it is now; made up, since ever, when nothing is known of it.
  mutating func current(_ pid: UInt32) -> Generation {
    if let last = byPID[pid]?.last { return all[last] }
    return begin(pid, from: .min, parent: nil)
  }

  func known(_ pid: UInt32) -> Generation? { byPID[pid]?.last.map { all[$0] } }

  /// A fork: with a copy of the parent's addresses.
  mutating func fork(_ pid: UInt32, parent: UInt32, at time: Int64) {
    let from = known(parent).flatMap { $0.covers(time) ? $0 : nil }
    end(pid, at: time)
    begin(pid, from: time, parent: from)
  }

  /// An exec, or another process with the same pid: nothing is left of what was.
  mutating func renew(_ pid: UInt32, at time: Int64) {
    end(pid, at: time)
    begin(pid, from: time, parent: nil)
  }

  mutating func end(_ pid: UInt32, at time: Int64) {
    guard let last = byPID[pid]?.last else { return }
    all[last].until = min(all[last].until, max(time, all[last].from))
  }

  @discardableResult
  private mutating func begin(_ pid: UInt32, from: Int64, parent: Generation?) -> Generation {
    // In order of time, whatever the order of what was told.
    let from = max(from, byPID[pid]?.last.map { all[$0].from } ?? .min)
    let generation = Generation(
      number: UInt32(all.count), pid: pid, from: from, parent: parent)
    byPID[pid, default: []].append(all.count)
    all.append(generation)
    return generation
  }

  /// The process that had the pid at that time, or up to `edge` before.
  ///
  /// - Cost: O(log n) in the generations of the pid.
  func generation(_ pid: UInt32, at time: Int64, edge: Int64) -> Generation? {
    guard let own = byPID[pid] else { return nil }
    var low = 0
    var high = own.count
    while low < high {
      let middle = (low + high) / 2
      if all[own[middle]].from <= time { low = middle + 1 } else { high = middle }
    }
    if low > 0 {
      let found = all[own[low - 1]]
      if time < found.until || time.distance(after: found.until) <= edge { return found }
    }
    // Clocks of two processors may differ: just before its beginning is its beginning.
    if low < own.count, all[own[low]].from.distance(after: time) <= edge { return all[own[low]] }
    return nil
  }
}
