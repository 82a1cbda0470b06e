internal import Glibc

/// Compares the functions of two sets of runs.
struct FunctionComparison {
  /// Number of samples below which a function is not tested: chance explains any difference.
  private static let samplesMin: UInt64 = 8
  /// Number of samples in each run from which a function tells how much runs vary.
  private static let steadySamplesMin: UInt64 = 30
  /// Number of runs that the noise expected from all functions is worth beside that of one.
  static let priorFreedom = 8.0

  private(set) var rows: [ComparisonReport.Function] = []
  private(set) var total: ComparisonReport.Change
  private(set) var limit = Discoveries.falseShare
  private(set) var excess = 1.0
  private var evidence: [Pair] = []
  private let hasSeveralRuns: Bool
  private let isCounted: Bool

  /// Evidence of a function's exclusive and inclusive amounts; nil if they are not tested.
  private struct Pair {
    var exclusive: Evidence?
    var inclusive: Evidence?
  }

  /// A function's metrics in the runs.
  private struct Metrics {
    var frame: StackFrame
    var exclusive: [StackMetric]
    var inclusive: [StackMetric]
  }

  init(base: [RunProfile], new: [RunProfile]) {
    let sides = ComparedSides(base, new)
    hasSeveralRuns = sides.hasSeveralRuns
    isCounted = sides.isCounted
    let totals = sides.runs.map(\.total)
    total = sides.change(totals)
    let functions = Self.functions(of: sides.runs)
    let common = sides.hasSeveralRuns ? Self.commonVariance(functions, sides) : 0
    func evidence(_ metrics: [StackMetric]) -> Evidence? {
      guard sides.isCounted else {
        return sides.hasSeveralRuns ? sides.evidence(ofRuns: metrics, common: common) : nil
      }
      let counts = sides.counts(metrics)
      guard counts.base + counts.new >= Self.samplesMin else { return nil }
      return sides.hasSeveralRuns
        ? sides.evidence(ofRuns: metrics, common: common)
        : sides.evidence(ofSamples: metrics)
    }
    let growth = total.base > 0 ? total.new / total.base : 1
    for function in functions {
      rows.append(Self.row(function, sides, growth: growth))
      self.evidence.append(
        Pair(
          exclusive: evidence(function.exclusive), inclusive: evidence(function.inclusive)))
    }
    // How much of its CPU time a single run uses is not a matter of chance samples.
    if sides.hasSeveralRuns {
      var limits = ScoreLimits(beyond: Discoveries.falseShare)
      total.judge(evidence(totals), &limits)
    }
  }

  /// Judges all functions together, and sorts them.
  mutating func judge() {
    let scores = evidence.compactMap { pair -> Double? in
      guard let one = pair.exclusive, one.deviation > 0 else { return nil }
      return one.logRatio / one.deviation
    }
    // Several runs show each function's own noise.
    excess = hasSeveralRuns ? 1 : Discoveries.excess(scores)
    let probabilities = evidence.flatMap { [$0.exclusive, $0.inclusive] }
      .compactMap { $0?.probability(excess: excess) }
    limit = Discoveries.limit(probabilities)
    var limits = ScoreLimits(beyond: limit)
    for index in rows.indices {
      rows[index].exclusive.judge(evidence[index].exclusive, &limits, excess: excess)
      rows[index].inclusive.judge(evidence[index].inclusive, &limits, excess: excess)
      if hasNoDifference(evidence[index].exclusive, rows[index].exclusive) {
        rows[index].exclusive.verdict = .notDistinguishable
      }
      if hasNoDifference(evidence[index].inclusive, rows[index].inclusive) {
        rows[index].inclusive.verdict = .notDistinguishable
      }
    }
  }

  /// Whether there is nothing to tell a difference by: too few samples to test, or equal amounts.
  private func hasNoDifference(
    _ evidence: Evidence?, _ change: ComparisonReport.Change
  ) -> Bool {
    isCounted ? evidence == nil : change.base == change.new
  }

  /// Variance of the amounts' logarithms that functions have in common, beside that of sampling:
  /// the median over the functions with many samples.
  private static func commonVariance(_ functions: [Metrics], _ sides: ComparedSides) -> Double {
    let excesses = functions.filter {
      $0.exclusive.allSatisfy { sides.isCounted ? $0.count >= steadySamplesMin : $0.weight > 0 }
    }.map { sides.variance($0.exclusive) - sides.samplingVariance($0.exclusive) }.sorted()
    return excesses.isEmpty ? 0 : max(excesses[excesses.count / 2], 0)
  }

  private static func row(
    _ function: Metrics, _ sides: ComparedSides, growth: Double
  ) -> ComparisonReport.Function {
    let exclusive = sides.change(function.exclusive)
    let inclusive = sides.change(function.inclusive)
    let counts = sides.counts(function.exclusive)
    let isPredicted = exclusive.base > 0 && (growth - 1).magnitude > 0.001
    return ComparisonReport.Function(
      frame: function.frame, exclusive: exclusive, inclusive: inclusive,
      baseSamples: counts.base, newSamples: counts.new,
      excess: exclusive.new - exclusive.base * growth,
      inclusiveExcess: inclusive.new - inclusive.base * growth,
      overweight_percent: isPredicted
        ? (exclusive.new / exclusive.base - 1) / (growth - 1) * 100 : nil)
  }

  /// Returns every function of any run.
  private static func functions(of runs: [RunProfile]) -> [Metrics] {
    var table = FrameTable()
    var found: [Metrics] = []
    let none = [StackMetric](repeating: StackMetric(), count: runs.count)
    for (number, run) in runs.enumerated() {
      for entry in run.functions {
        let frame = run.frames[entry.frame]
        let id = Int(table.id(of: frame).rawValue)
        if id == found.count {
          found.append(Metrics(frame: frame, exclusive: none, inclusive: none))
        }
        found[id].exclusive[number] &+= entry.exclusive
        found[id].inclusive[number] &+= entry.inclusive
      }
    }
    return found
  }
}

extension ComparisonReport {
  /// Returns at most `limit` functions: those that differ first, by how much they changed beyond
  /// what the change of the total predicts; then the others in that order.
  ///
  /// - Cost: sorts numbers, and compares names only of functions that may be shown.
  public func functions(limit: Int) -> [Function] {
    func isReal(_ function: Function) -> Bool {
      sortsByInclusive
        ? function.inclusive.isDistinguishable : function.exclusive.isDistinguishable
    }
    func excess(_ function: Function) -> Double {
      (sortsByInclusive ? function.inclusiveExcess : function.excess).magnitude
    }
    var keys = functions.enumerated().map { number, function in
      (isReal: isReal(function), excess: excess(function), number: number)
    }
    keys.sort { a, b in
      if a.isReal != b.isReal { return a.isReal }
      return a.excess != b.excess ? a.excess > b.excess : a.number < b.number
    }
    return keys.prefix(limit).map { functions[$0.number] }
  }

  /// Number of functions whose exclusive amounts differ, and of all.
  public var distinguishable: (functions: Int, of: Int) {
    (functions.count { $0.exclusive.isDistinguishable }, functions.count)
  }
}
