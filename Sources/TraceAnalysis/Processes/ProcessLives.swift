/// Generations of all processes, by pid and time.
final class ProcessLives {
  /// Generations of each pid in order of time.
  @exclusivity(unchecked) private var byPID: [UInt32: [Generation]] = [:]
  private var nextNumber: UInt32 = 0
  /// Latest end of the forgotten generations of each pid.
  private var forgotten: [UInt32: Int64] = [:]

  var all: some Sequence<Generation> { byPID.values.joined() }
  /// Number of generations.
  var count: Int { byPID.values.reduce(0) { $0 + $1.count } }

  /// Returns the current generation. If nothing is known of the process, creates one without a
  /// beginning.
  func current(_ pid: UInt32) -> Generation {
    if let last = byPID[pid]?.last { return last }
    return begin(pid, from: forgotten[pid] ?? .min, parent: nil)
  }

  func known(_ pid: UInt32) -> Generation? { byPID[pid]?.last }

  /// Adds a forked process with a copy of its parent's addresses.
  func processStarted(_ pid: UInt32, parent: UInt32, at time: Int64) {
    // A parent not yet mentioned by any event may still turn out to have had code by then.
    let from = byPID[parent] == nil ? current(parent) : generation(parent, at: time, edge: 0)
    processStopped(pid, at: time)
    begin(pid, from: time, parent: from)
  }

  /// Handles an exec or the reuse of the pid: nothing of the former address space remains.
  func processRenewed(_ pid: UInt32, at time: Int64) {
    processStopped(pid, at: time)
    begin(pid, from: time, parent: nil)
  }

  func processStopped(_ pid: UInt32, at time: Int64) {
    guard let last = byPID[pid]?.last else { return }
    last.until = min(last.until, max(time, last.from))
  }

  @discardableResult
  private func begin(_ pid: UInt32, from: Int64, parent: Generation?) -> Generation {
    // Generations stay in order of time, even if events do not.
    let from = max(from, byPID[pid]?.last?.from ?? forgotten[pid] ?? .min)
    let generation = Generation(
      number: nextNumber, pid: pid, from: from, parent: parent)
    nextNumber &+= 1
    byPID[pid, default: []].append(generation)
    return generation
  }

  /// Returns the process that had the pid at that time, or up to `edge` before.
  ///
  /// - Cost: O(log n) in the generations of the pid.
  func generation(_ pid: UInt32, at time: Int64, edge: Int64) -> Generation? {
    guard let own = byPID[pid] else { return nil }
    var low = 0
    var high = own.count
    while low < high {
      let middle = (low + high) / 2
      if own[middle].from <= time { low = middle + 1 } else { high = middle }
    }
    if low > 0 {
      let found = own[low - 1]
      if time < found.until || time.distance(after: found.until) <= edge { return found }
    }
    // Clocks of two processors may differ: a time just before the beginning counts as the
    // beginning.
    if low < own.count, own[low].from.distance(after: time) <= edge { return own[low] }
    return nil
  }

  /// Forgets ended generations for which `isForgotten` returns true; returns the number that
  /// remain.
  func forget(where isForgotten: (Generation) -> Bool) -> Int {
    var left = 0
    for (pid, generations) in byPID {
      let kept = generations.filter { $0.until == .max || !isForgotten($0) }
      left += kept.count
      guard kept.count < generations.count else { continue }
      forgotten[pid] = max(
        forgotten[pid] ?? .min, generations.lazy.map { $0.until == .max ? .min : $0.until }.max()!)
      byPID[pid] = kept.isEmpty ? nil : kept
    }
    return left
  }
}
