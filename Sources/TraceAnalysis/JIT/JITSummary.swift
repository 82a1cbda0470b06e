internal import TraceEvents

extension JITReport.Process {
  /// Number of times at which the amount of code is reported.
  private static let partCount = 16

  init(_ counts: JITCounts, _ covered: CoveredProcess, _ losses: LossWindows) {
    self.init(covered: covered)
    (unloaded, unloaded_bytes) = (counts.unloaded, counts.unloaded_bytes)
    (before, before_bytes) = (counts.before, counts.before_bytes)
    moved = counts.moved
    withoutCode = counts.withoutCode + counts.runningCount
    compilations = counts.compilations.map { record in
      var row = record.row
      if let end = record.end, !losses.anyLoss(covered.pid, row.start_ns, end) {
        row.time_ns = UInt64(clamping: end.subtractingClamped(row.start_ns))
      }
      return row
    }
    sum()
    tierChanges = counts.tierChanges.map {
      JITReport.TierChange(from: $0.key[0], to: $0.key[1], count: $0.value)
    }.sorted {
      ($1.count, $0.from.rawValue, $0.to.rawValue) < ($0.count, $1.from.rawValue, $1.to.rawValue)
    }
    measure(counts.code)
  }

  var isEmpty: Bool { compiled + unloaded + moved + before + withoutCode == 0 }

  private mutating func sum() {
    compiled = compilations.count
    code_bytes = compilations.reduce(0) { $0.addingClamped($1.code_bytes) }
    times = DurationSummary(compilations.compactMap(\.time_ns))
    recompiled = compilations.count { $0.isAgain }
    tiers = Dictionary(grouping: compilations, by: \.tier).map { tier, rows in
      JITReport.Tier(
        tier: tier, compiled: rows.count,
        code_bytes: rows.reduce(0) { $0.addingClamped($1.code_bytes) },
        times: DurationSummary(rows.compactMap(\.time_ns)))
    }.sorted { $0.tier.rawValue < $1.tier.rawValue }
    compilations.sort { a, b in
      (b.time_ns ?? 0, b.code_bytes, a.start_ns, a.methodID)
        < (a.time_ns ?? 0, a.code_bytes, b.start_ns, b.methodID)
    }
  }

  private mutating func measure(_ code: LiveCode) {
    let length = to_ns.subtractingClamped(from_ns)
    var position = 0
    var bytes: UInt64 = 0
    while position < code.changes.count, code.changes[position].time <= from_ns {
      bytes = code.changes[position].bytes
      position += 1
    }
    peakCode_bytes = bytes
    for part in 1...Self.partCount {
      let end =
        part == Self.partCount
        ? to_ns : from_ns + length / Int64(Self.partCount) * Int64(part)
      while position < code.changes.count, code.changes[position].time <= end {
        bytes = code.changes[position].bytes
        peakCode_bytes = max(peakCode_bytes, bytes)
        position += 1
      }
      codeOverTime.append(JITReport.CodeSize(time_ns: end, code_bytes: bytes))
    }
    lastCode_bytes = bytes
  }
}
