internal import Glibc

/// The runs of both sides, base first, and what can be computed from numbers of each.
struct ComparedSides {
  let runs: [RunProfile]
  let baseCount: Int

  init(_ base: [RunProfile], _ new: [RunProfile]) {
    runs = base + new
    isCounted = runs.allSatisfy(\.quantity.isCounted)
    baseCount = base.count
  }

  /// Whether numbers of events tell the noise of amounts; otherwise only several runs do.
  let isCounted: Bool

  /// Whether the noise is that of the runs, and not of the samples.
  var hasSeveralRuns: Bool { baseCount > 1 && runs.count - baseCount > 1 }

  /// Returns the means of the sides.
  func change(_ metrics: [StackMetric]) -> ComparisonReport.Change {
    change(values: metrics.indices.map { Double(metrics[$0].weight) / divisor($0) })
  }

  /// Returns the means of the sides.
  func change(values: [Double]) -> ComparisonReport.Change {
    ComparisonReport.Change(
      base: Moments(Array(values[..<baseCount])).mean,
      new: Moments(Array(values[baseCount...])).mean)
  }

  func divisor(_ run: Int) -> Double { runs[run].divisor ?? 1 }

  /// Returns the numbers of events of the sides.
  func counts(_ metrics: [StackMetric]) -> (base: UInt64, new: UInt64) {
    (
      metrics[..<baseCount].reduce(0) { $0 &+ $1.count },
      metrics[baseCount...].reduce(0) { $0 &+ $1.count }
    )
  }

  /// Returns what samples alone tell: the sides' sums, each a number of events at a constant rate.
  func evidence(ofSamples metrics: [StackMetric]) -> Evidence? {
    let counts = counts(metrics)
    return Evidence.counts(
      base: Double(counts.base), exposure(0..<baseCount),
      new: Double(counts.new), exposure(baseCount..<runs.count))
  }

  /// Number of samples that one nanosecond per unit of the divisor makes.
  private func exposure(_ range: Range<Int>) -> Double {
    range.reduce(0) { $0 + divisor($1) / interval($1) }
  }

  /// CPU time of a sample.
  private func interval(_ run: Int) -> Double {
    let total = runs[run].total
    return total.count > 0 ? Double(total.weight) / Double(total.count) : 1e6
  }

  /// Returns the amounts of the runs, each at least that of half a sample or half of the unit, so
  /// that they have a logarithm.
  func positive(_ metrics: [StackMetric]) -> [Double] {
    metrics.indices.map {
      max(Double(metrics[$0].weight), isCounted ? interval($0) / 2 : 0.5) / divisor($0)
    }
  }

  /// Mean variance of the amounts' logarithms by the chance of sampling.
  func samplingVariance(_ metrics: [StackMetric]) -> Double {
    guard isCounted else { return 0 }
    return metrics.reduce(0) { $0 + 1 / (Double($1.count) + 0.5) } / Double(metrics.count)
  }

  /// Variance of the amounts' logarithms within the sides.
  func variance(_ metrics: [StackMetric]) -> Double {
    let logs = positive(metrics).map { log($0) }
    let (a, b) = (Moments(Array(logs[..<baseCount])), Moments(Array(logs[baseCount...])))
    return (a.variance * a.freedom + b.variance * b.freedom) / (a.freedom + b.freedom)
  }

  /// Returns what several runs tell.
  ///
  /// - Parameter common: variance that all functions share beside that of sampling.
  func evidence(ofRuns metrics: [StackMetric], common: Double) -> Evidence? {
    let values = positive(metrics)
    return Evidence.runs(
      base: Array(values[..<baseCount]), new: Array(values[baseCount...]),
      prior: (samplingVariance(metrics) + common, FunctionComparison.priorFreedom))
  }
}

extension ComparisonReport.Change {
  /// Sets the verdict and the interval.
  mutating func judge(_ evidence: Evidence?, _ limits: inout ScoreLimits, excess: Double = 1) {
    guard let evidence else { return }
    interval_percent = evidence.interval(&limits, excess: excess)
    let isReal = evidence.probability(excess: excess) <= limits.probability
    verdict = isReal ? (evidence.logRatio > 0 ? .higher : .lower) : .notDistinguishable
  }
}
