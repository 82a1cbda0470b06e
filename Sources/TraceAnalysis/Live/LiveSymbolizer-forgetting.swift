internal import TraceEvents

/// The state for dropping old data.
struct Forgetting {
  /// Older times are no longer known.
  var horizon = Int64.min
  var nextTurn = Int64.min
  /// Number of symbols and modules after names were last dropped.
  var symbolsKept = 0
  var modulesKept = 0
  /// The time at which each was last returned.
  private var symbolsGiven: [Int64] = []
  private var modulesGiven: [Int64] = []

  /// Minimum number of new names before names are dropped.
  static let symbolsAtLeast = 1 << 14
  static let modulesAtLeast = 1 << 10
  /// Minimum number of ended rows before a space is searched for rows to drop.
  static let rowsAtLeast = 32
  /// Minimum time between two searches of processes (nanoseconds of the trace's time).
  static let interval: Int64 = 1_000_000_000

  mutating func noteGiven(_ resolution: Resolution, _ feed: CodeFeed, at time: Int64) {
    switch resolution {
    case .symbol(let id, _, _):
      Self.note(&symbolsGiven, id.rawValue, time)
      Self.note(&modulesGiven, feed.map.names[id.rawValue].module, time)
    case .unresolved(_, let module):
      if let module { Self.note(&modulesGiven, module.rawValue, time) }
    }
  }

  private static func note(_ given: inout [Int64], _ id: UInt32, _ time: Int64) {
    while given.count <= Int(id) { given.append(.min) }
    given[Int(id)] = time
  }

  func wasGiven(symbol: UInt32, since time: Int64) -> Bool {
    Int(symbol) < symbolsGiven.count && symbolsGiven[Int(symbol)] >= time
  }

  func wasGiven(module: UInt32, since time: Int64) -> Bool {
    Int(module) < modulesGiven.count && modulesGiven[Int(module)] >= time
  }
}

// Ended code is still needed:
// - for lookups of its time: none older than the history are answered, and pending ones had their
//   answer from it long ago;
// - as the last code at its addresses: its end bounds how far back code extends that is announced
//   there without a start time. Pending lookups need that, until none of them is older;
// - for processes that were forked while it existed.
extension LiveSymbolizer {
  func forgetIfDue() {
    guard stream.latest >= forgetting.nextTurn else {
      if stream.settled.rows.countInUse > limits.versionsMax { displace() }
      return
    }
    forgetting.nextTurn = stream.latest &+ Forgetting.interval
    let (horizon, overflow) = stream.settledUntil.subtractingReportingOverflow(
      max(limits.historyNanoseconds, limits.watchNanoseconds(options)))
    guard !overflow else { return }
    forgetting.horizon = max(forgetting.horizon, horizon)
    let oldest = min(horizon, oldestUnnamed)
    counts.forgotten += UInt64(
      forget(stream.settled, before: horizon, lastBefore: oldest))
    let early = stream.settledUntil.subtractingReportingOverflow(limits.holdNanoseconds)
    _ = forget(stream.early, before: early.partialValue, lastBefore: early.partialValue)
    feed.losses.forget(before: horizon &- options.lossReachNanoseconds)
    if stream.settled.rows.countInUse > limits.versionsMax { displace() }
    forgetNames()
  }

  /// The time of the oldest lookup that waits for a name.
  private var oldestUnnamed: Int64 {
    var oldest = pending.first(.unnamed).map { pending[$0].time } ?? .max
    if let slot = pending.first(.watched) { oldest = min(oldest, pending[slot].time) }
    // Queues are in the order in which lookups were made, which is roughly that of their times: no
    // lookup was older than the history at that time.
    let reach = limits.historyNanoseconds &+ limits.holdNanoseconds
    return oldest == .max ? .max : oldest &- reach
  }

  private func forget(_ map: CodeMap, before horizon: Int64, lastBefore: Int64) -> Int {
    let rows = map.rows.countInUse
    let waiting = Set(pending.pids)
    var left = map.lives.forget { generation in
      generation.until < horizon && !waiting.contains(generation.pid)
    }
    if left > limits.endedProcessesMax {
      // Also drop processes that are kept only for pending lookups.
      left = map.lives.forget { $0.until < horizon }
    }
    var parents: Set<UInt32> = []
    for generation in map.lives.all {
      let forks = generation.forkTimes()
      if !forks.isEmpty { parents.insert(generation.pid) }
      for case let space? in generation.spaces
      where space.endedLately > max(Forgetting.rowsAtLeast, (space.live?.count ?? 0) / 4) {
        _ = space.forget { from, until, isLast in
          until < (isLast ? lastBefore : horizon)
            && !forks.contains { from <= $0 && $0 < until }
        }
      }
    }
    if map === stream.settled { stream.parents = parents }
    return max(0, rows - map.rows.countInUse)
  }

  /// Keeps the limit on announced code: spaces with the most rows lose their oldest ones.
  private func displace() {
    for map in [stream.settled, stream.early] {
      var excess = map.rows.countInUse - limits.versionsMax * 3 / 4
      let spaces = map.lives.all.flatMap { $0.spaces.compactMap { $0 } }
        .sorted { ($0.live?.count ?? 0) > ($1.live?.count ?? 0) }
      for space in spaces where excess > 0 {
        let count = space.forgetOldest(min(excess, (space.live?.count ?? 0)))
        excess -= count
        if map === stream.settled { counts.displaced += UInt64(count) }
      }
    }
  }

  // MARK: Names

  private func forgetNames() {
    let symbols = stream.names.countInUse
    let modules = feed.modules.countInUse
    guard
      symbols > forgetting.symbolsKept * 2 + Forgetting.symbolsAtLeast
        || modules > forgetting.modulesKept * 2 + Forgetting.modulesAtLeast
    else { return }
    var (symbolsUsed, modulesUsed) = (Set<UInt32>(), Set<UInt32>())
    for map in [stream.settled, stream.early] {
      for generation in map.lives.all {
        for layer in CodeLayer.allCases {
          guard let space = generation.space(layer) else { continue }
          space.live?.forEachSymbol {
            if layer.isImage { modulesUsed.insert($0) } else { symbolsUsed.insert($0) }
          }
        }
      }
    }
    stream.forEachWaiting { code, layer in
      if layer.isImage { modulesUsed.insert(code.symbol) } else { symbolsUsed.insert(code.symbol) }
    }
    pending.visit { lookup in
      if let id = lookup.told.symbolID { symbolsUsed.insert(id.rawValue) }
      if case .unresolved(_, let module?) = lookup.told { modulesUsed.insert(module.rawValue) }
    }
    let since = stream.latest &- limits.historyNanoseconds
    let forgetting = forgetting
    let names = stream.names
    let isKept = { (symbol: UInt32) -> Bool in
      symbolsUsed.contains(symbol) || forgetting.wasGiven(symbol: symbol, since: since)
    }
    names.forget { symbol in
      guard isKept(symbol) else { return false }
      modulesUsed.insert(names[symbol].module)
      return true
    }
    feed.modules.forget {
      modulesUsed.contains($0) || forgetting.wasGiven(module: $0, since: since)
    }
    settled.forget(keeping: isKept)
    early.forget(keeping: isKept)
    self.forgetting.symbolsKept = names.countInUse
    self.forgetting.modulesKept = feed.modules.countInUse
  }
}
