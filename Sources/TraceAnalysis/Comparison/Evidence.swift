internal import Glibc

/// How far apart two amounts are, and how well that is known.
///
/// The ratio of the amounts is estimated on a logarithmic scale, on which noise is symmetric.
package struct Evidence: Hashable, Sendable {
  /// Logarithm of the ratio of the new amount to the base.
  var logRatio: Double
  /// Standard deviation of that estimate by chance.
  var deviation: Double
  /// Degrees of freedom of the deviation; infinite if it is known from counts.
  var freedom: Double

  /// Returns the probability that chance alone makes such a difference. `excess` is the factor by
  /// which all deviations are larger than estimated.
  func probability(excess: Double = 1) -> Double {
    guard deviation > 0 else { return logRatio == 0 ? 1 : 0 }
    let score = logRatio / (deviation * excess)
    return freedom.isFinite
      ? Distributions.student(beyond: score, freedom: freedom)
      : Distributions.normal(beyond: score)
  }

  /// Returns the interval of the relative change, in percent, that holds the true one except with
  /// a probability.
  func interval(_ limits: inout ScoreLimits, excess: Double = 1) -> ClosedRange<Double> {
    let margin = limits.limit(freedom: freedom) * deviation * excess
    let (low, high) = (expm1(logRatio - margin) * 100, expm1(logRatio + margin) * 100)
    guard low.isFinite, high.isFinite, low <= high else { return -100...1e12 }
    return low...min(high, 1e12)
  }
}

/// The scores that chance exceeds with one probability, by degrees of freedom. Remembers the last
/// one, because most comparisons have the same.
struct ScoreLimits {
  let probability: Double
  private var last: (freedom: Double, limit: Double)?

  init(beyond probability: Double) { self.probability = probability }

  mutating func limit(freedom: Double) -> Double {
    if let last, last.freedom == freedom { return last.limit }
    let limit =
      freedom.isFinite
      ? Distributions.studentLimit(beyond: probability, freedom: freedom)
      : Distributions.normalLimit(beyond: probability)
    last = (freedom, limit)
    return limit
  }
}

extension Evidence {
  /// Evidence from one run a side: numbers of events that happen by chance at a constant rate.
  ///
  /// - Parameters:
  ///   - exposure: what the counts are divided by: seconds, requests …
  /// - Returns: nil if both counts are 0, or an exposure is.
  static func counts(
    base: Double, _ baseExposure: Double, new: Double, _ newExposure: Double
  ) -> Evidence? {
    guard base + new > 0, baseExposure > 0, newExposure > 0 else { return nil }
    // Half an event more on each side keeps the logarithm finite and nearly without bias.
    let ratio = log((new + 0.5) / newExposure) - log((base + 0.5) / baseExposure)
    let deviation = (1 / (base + 0.5) + 1 / (new + 0.5)).squareRoot()
    return Evidence(logRatio: ratio, deviation: deviation, freedom: .infinity)
  }

  /// Evidence from several runs a side, by Welch's test on the logarithms of the amounts.
  ///
  /// - Parameter prior: variance of a single amount's logarithm that is expected on other grounds,
  ///   and how many degrees of freedom the expectation is worth. It steadies the estimates from few
  ///   runs.
  /// - Returns: nil with fewer than two runs on a side, or if an amount is not positive.
  static func runs(
    base: [Double], new: [Double], prior: (variance: Double, freedom: Double)? = nil
  ) -> Evidence? {
    guard base.count > 1, new.count > 1, (base + new).allSatisfy({ $0 > 0 && $0.isFinite })
    else { return nil }
    let (a, b) = (Moments(base.map { log($0) }), Moments(new.map { log($0) }))
    let ratio = b.mean - a.mean
    if let prior, prior.variance > 0 {
      let own = a.freedom + b.freedom
      let pooled = (a.variance * a.freedom + b.variance * b.freedom) / own
      let freedom = own + prior.freedom
      let variance = (pooled * own + prior.variance * prior.freedom) / freedom
      let deviation = (variance * (1 / a.count + 1 / b.count)).squareRoot()
      return Evidence(logRatio: ratio, deviation: deviation, freedom: freedom)
    }
    let (va, vb) = (a.variance / a.count, b.variance / b.count)
    let parts = va * va / a.freedom + vb * vb / b.freedom
    let freedom = parts > 0 ? (va + vb) * (va + vb) / parts : a.freedom + b.freedom
    return Evidence(logRatio: ratio, deviation: (va + vb).squareRoot(), freedom: freedom)
  }
}

/// Number, mean and variance of values.
package struct Moments: Hashable, Sendable {
  package var count: Double
  package var mean: Double
  /// Estimated from the values; 0 for fewer than two.
  package var variance: Double

  package init(_ values: [Double]) {
    count = Double(values.count)
    let mean = values.isEmpty ? 0 : values.reduce(0, +) / count
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    variance = values.count > 1 ? squares / (count - 1) : 0
  }

  var freedom: Double { count - 1 }

  package var deviation: Double { variance.squareRoot() }
}

/// Judges many comparisons at once, so that chance differences are not taken for real ones.
package enum Discoveries {
  /// Share of false ones among the differences that are called real.
  package static let falseShare = 0.05

  /// Returns the probability up to which a difference is real, by Benjamini and Hochberg's rule.
  /// Without any real ones it is the limit for the first.
  package static func limit(_ probabilities: [Double]) -> Double {
    let count = Double(max(probabilities.count, 1))
    var found = 0.0
    for (index, probability) in probabilities.sorted().enumerated()
    where probability <= falseShare * Double(index + 1) / count {
      found = Double(index + 1)
    }
    return falseShare * max(found, 1) / count
  }

  /// Returns the factor by which differences vary more than their deviations say, at least 1:
  /// estimated from the median, as most things that are compared did not change.
  ///
  /// - Parameter scores: differences divided by their deviations. Fewer than 10 prove nothing.
  package static func excess(_ scores: [Double]) -> Double {
    guard scores.count >= 10 else { return 1 }
    let sorted = scores.map(\.magnitude).sorted()
    // The median magnitude of a standard normal value.
    return max(sorted[sorted.count / 2] / 0.6745, 1)
  }
}
