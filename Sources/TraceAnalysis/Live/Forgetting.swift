/// Drops data of a trace still being recorded that lookups no longer need.
///
/// Code that has ended is still needed:
/// - for lookups of its time. Those before the history get no name, and those that wait were
///   answered long ago;
/// - as the last occupant of its addresses. Its end bounds how far back code extends that is
///   announced there later without a beginning. Pending lookups depend on this, so it is kept until
///   none is older;
/// - for processes that were forked during its lifetime.
final class Forgetting {
  /// Names are dropped when there are more than twice as many as after the last time, plus this
  /// number.
  private static let symbolsAtLeast = 1 << 14
  private static let modulesAtLeast = 1 << 10
  /// Minimum number of rows of a space that have ended before the space is scanned.
  private static let rowsAtLeast = 32
  /// Minimum interval between two scans of the processes (nanoseconds of the trace's time).
  private static let interval: Int64 = 1_000_000_000

  /// Lookups of earlier times get no name, except those of kernel addresses.
  @exclusivity(unchecked) private(set) var horizon = Int64.min
  /// Numbers of code rows dropped after they had ended, and of rows dropped because of the limit.
  private(set) var forgotten: UInt64 = 0
  private(set) var displaced: UInt64 = 0
  private let naming: LiveNaming
  private let reviews: Reviews
  private let limits: LiveSymbolizer.Limits
  @exclusivity(unchecked) private var nextTurn = Int64.min
  /// Numbers of symbols and modules after names were last dropped.
  private var symbolsKept = 0
  private var modulesKept = 0

  private var stream: AnnouncementStream { naming.stream }

  init(_ naming: LiveNaming, _ reviews: Reviews, _ limits: LiveSymbolizer.Limits) {
    self.naming = naming
    self.reviews = reviews
    self.limits = limits
  }

  func ifDue() {
    guard stream.latest >= nextTurn else {
      if stream.settled.rows.countInUse > limits.versionsMax { displace() }
      return
    }
    nextTurn = stream.latest &+ Self.interval
    naming.beginTurn()
    let (horizon, overflow) = stream.settledUntil.subtractingReportingOverflow(
      max(limits.historyNanoseconds, limits.watchNanoseconds(naming.options)))
    guard !overflow else { return }
    self.horizon = max(self.horizon, horizon)
    let oldest = min(horizon, oldestUnnamed)
    forgotten += UInt64(
      forget(stream.settled, before: horizon, lastBefore: oldest))
    let early = stream.settledUntil.subtractingReportingOverflow(limits.holdNanoseconds)
    _ = forget(stream.early, before: early.partialValue, lastBefore: early.partialValue)
    naming.feed.losses.forget(before: horizon &- naming.options.lossReachNanoseconds)
    if stream.settled.rows.countInUse > limits.versionsMax { displace() }
    forgetNames()
  }

  /// A lower bound on the times of lookups that are watched or wait for a name; `.max` if there are
  /// none.
  private var oldestUnnamed: Int64 {
    var oldest = reviews.pending.first(.unnamed).map { reviews.pending[$0].time } ?? .max
    if let slot = reviews.pending.first(.watched) {
      oldest = min(oldest, reviews.pending[slot].time)
    }
    // Queues are in order of arrival, which is approximately the order of the lookups' times: a
    // lookup older than the history is not added.
    let reach = limits.historyNanoseconds &+ limits.holdNanoseconds
    return oldest == .max ? .max : oldest &- reach
  }

  private func forget(_ map: CodeMap, before horizon: Int64, lastBefore: Int64) -> Int {
    let (rows, generations) = (map.rows.countInUse, map.lives.count)
    let waiting = Set(reviews.pending.stacks.pids)
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
      where space.endedLately > max(Self.rowsAtLeast, (space.live?.count ?? 0) / 4) {
        _ = space.forget { from, until, isLast in
          until < (isLast ? lastBefore : horizon)
            && !forks.contains { from <= $0 && $0 < until }
        }
      }
    }
    if map === stream.settled { stream.parents = parents }
    if map.rows.countInUse < rows || map.lives.count < generations {
      stream.noteDropped(from: map, before: max(horizon, lastBefore))
    }
    return max(0, rows - map.rows.countInUse)
  }

  /// Keeps the limit on announced code: spaces with the most rows lose their oldest ones.
  private func displace() {
    stream.noteAllChanged()
    for map in [stream.settled, stream.early] {
      var excess = map.rows.countInUse - limits.versionsMax * 3 / 4
      let spaces = map.lives.all.flatMap { $0.spaces.compactMap { $0 } }
        .sorted { ($0.live?.count ?? 0) > ($1.live?.count ?? 0) }
      for space in spaces where excess > 0 {
        let count = space.forgetOldest(min(excess, (space.live?.count ?? 0)))
        excess -= count
        if map === stream.settled { displaced += UInt64(count) }
        stream.noteDropped(from: map, before: .min)
      }
    }
  }

  // MARK: Names

  private func forgetNames() {
    let symbols = stream.names.countInUse
    let modules = naming.feed.modules.countInUse
    guard
      symbols > symbolsKept * 2 + Self.symbolsAtLeast
        || modules > modulesKept * 2 + Self.modulesAtLeast
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
    // Cached answers do not keep their names.
    reviews.forgetAnswers()
    naming.register.visit { answer in
      for resolution in answer.resolutions {
        if let id = resolution.symbolID { symbolsUsed.insert(id.rawValue) }
        if case .unresolved(_, let module?) = resolution { modulesUsed.insert(module.rawValue) }
      }
    }
    let since = stream.latest &- limits.historyNanoseconds
    let given = naming.given
    let names = stream.names
    let isKept = { (symbol: UInt32) -> Bool in
      symbolsUsed.contains(symbol) || given.has(symbol: symbol, since: since)
    }
    names.forget { symbol in
      guard isKept(symbol) else { return false }
      modulesUsed.insert(names[symbol].module)
      return true
    }
    naming.feed.modules.forget {
      modulesUsed.contains($0) || given.has(module: $0, since: since)
    }
    naming.forgetNames(keeping: isKept)
    symbolsKept = names.countInUse
    modulesKept = naming.feed.modules.countInUse
  }
}
