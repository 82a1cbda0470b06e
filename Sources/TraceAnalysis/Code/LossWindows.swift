internal import TraceFormat

/// Times at which events were lost, by process.
struct LossWindows {
  private struct Window {
    var from: Int64
    var until: Int64
  }

  /// Maximum number of windows per process; beyond that, neighboring windows are merged.
  static let windowsMax = 4096

  /// Windows by pid, with losses of unknown processes under nil. Disjoint and in order of time.
  private var windows: [UInt32?: [Window]] = [:]
  /// Start of the first loss that may affect any process; never forgotten.
  private var first: Int64?

  var isEmpty: Bool { windows.isEmpty }

  /// Adds a loss. Losses come in order of their ends, so a window can only overlap the last ones.
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

  /// Returns the time from which on all announcements of a process may have been lost, including
  /// its start and its mappings, regardless of how long ago that was; nil if there is no such loss.
  /// Events may be late by `slack`.
  func hidesProcesses(from slack: Int64) -> Int64? { first?.subtractingClamped(slack) }

  /// Whether events of the process were lost between two times.
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

  /// Returns the end of the period after `time` in which ``anyLoss(_:_:_:)`` for (time − reach,
  /// time + slack) gives the same answer; at most `limit`.
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

  /// Forgets losses that ended before a time.
  mutating func forget(before time: Int64) {
    windows = windows.compactMapValues { known in
      let kept = known.filter { $0.until >= time }
      return kept.isEmpty ? nil : kept
    }
  }
}

extension LossWindows {
  /// Adds a loss that may concern a program's events.
  mutating func add(_ loss: LossRecord, in file: TraceFile) {
    guard loss.concernsPrograms else { return }
    add(
      loss.processIndex.flatMap(file.process)?.pid,
      from: file.timestamp(ofTicks: loss.fromTicks), until: file.timestamp(ofTicks: loss.toTicks))
  }

  /// Adds a loss that may concern the session's own events; a thread's next event may come from any
  /// CPU.
  mutating func addOfSession(_ loss: LossRecord, in file: TraceFile) {
    // Losses in the rings of programs concern only the programs' own events.
    guard !StreamNumbers.rings.contains(loss.stream) || !loss.concernsPrograms else { return }
    add(
      nil, from: file.timestamp(ofTicks: loss.fromTicks),
      until: file.timestamp(ofTicks: loss.toTicks))
  }
}

/// Losses that several readers of one pass share.
final class SharedLosses {
  var windows = LossWindows()
}
