/// When events of which process were lost.
struct LossWindows {
  private struct Window {
    var from: Int64
    var until: Int64
  }

  /// More windows of one process than these are merged with their neighbours.
  static let windowsMax = 4096

  /// By pid; those of unknown processes under nil. In order of time, apart from each other.
  private var windows: [UInt32?: [Window]] = [:]
  /// When the first loss began that may be any process's; it is not forgotten.
  private var first: Int64?

  var isEmpty: Bool { windows.isEmpty }

  /// Losses come in the order of their ends, so a window is at most joined with the last ones.
  mutating func add(_ pid: UInt32?, from: Int64, until: Int64) {
    var added = Window(from: min(from, until), until: until)
    if pid == nil { first = min(first ?? .max, added.from) }
    var known = windows.removeValue(forKey: pid) ?? []
    while let last = known.last, added.from <= last.until || known.count >= Self.windowsMax {
      added = Window(from: min(added.from, last.from), until: max(added.until, last.until))
      known.removeLast()
    }
    known.append(added)
    windows[pid] = known
  }

  /// Whether all that was to be told of a process may have been lost by then: its beginning, and
  /// what it had mapped, however long ago that was.
  func mayHideProcess(at time: Int64) -> Bool { first.map { $0 <= time } ?? false }

  /// Whether events of the process were lost between two moments.
  func anyLoss(_ pid: UInt32, _ from: Int64, _ until: Int64) -> Bool {
    anyLoss(of: pid, from, until) || anyLoss(of: nil, from, until)
  }

  private func anyLoss(of pid: UInt32?, _ from: Int64, _ until: Int64) -> Bool {
    guard let known = windows[pid] else { return false }
    var low = 0
    var high = known.count
    while low < high {
      let middle = (low + high) / 2
      if known[middle].until < from { low = middle + 1 } else { high = middle }
    }
    return low < known.count && known[low].from <= until
  }

  /// How long after `time` the answer to ``anyLoss(_:_:_:)`` for (time − reach, time + slack) stays
  /// what it is; at most to `limit`.
  func constancy(_ pid: UInt32, at time: Int64, reach: Int64, slack: Int64, limit: Int64) -> Int64 {
    var limit = limit
    for key in [pid, nil] {
      guard let known = windows[key] else { continue }
      var low = 0
      var high = known.count
      while low < high {
        let middle = (low + high) / 2
        if known[middle].until < time &- reach { low = middle + 1 } else { high = middle }
      }
      guard low < known.count else { continue }
      let begins = known[low].from &- slack
      limit = min(limit, begins > time ? begins : known[low].until &+ reach &+ 1)
    }
    return max(limit, time &+ 1)
  }

  /// Forgets what had ended before a time.
  mutating func forget(before time: Int64) {
    windows = windows.compactMapValues { known in
      let kept = known.filter { $0.until >= time }
      return kept.isEmpty ? nil : kept
    }
  }
}
