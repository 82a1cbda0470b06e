internal import Glibc

/// Probabilities of the distributions that comparisons use.
package enum Distributions {
  /// Returns the probability that a standard normal value is below `z`.
  package static func normal(below z: Double) -> Double { 0.5 * erfc(-z / 2.0.squareRoot()) }

  /// Returns the probability that the magnitude of a standard normal value exceeds that of `z`.
  package static func normal(beyond z: Double) -> Double { erfc(z.magnitude / 2.0.squareRoot()) }

  /// Returns the probability that the magnitude of a Student t value exceeds that of `t`.
  ///
  /// - Parameter freedom: degrees of freedom, above 0 and not necessarily whole.
  package static func student(beyond t: Double, freedom: Double) -> Double {
    guard t.isFinite else { return t.isNaN ? 1 : 0 }
    return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5)
  }

  /// Returns the magnitude that a standard normal value exceeds with this probability.
  package static func normalLimit(beyond probability: Double) -> Double {
    limit(probability) { normal(beyond: $0) }
  }

  /// Returns the magnitude that a Student t value exceeds with this probability.
  package static func studentLimit(beyond probability: Double, freedom: Double) -> Double {
    limit(probability) { student(beyond: $0, freedom: freedom) }
  }

  /// Returns the point at which a falling function has the value `probability`, by bisection.
  private static func limit(_ probability: Double, _ tail: (Double) -> Double) -> Double {
    guard probability > 0 else { return .infinity }
    guard probability < 1 else { return 0 }
    var (low, high) = (0.0, 1.0)
    while tail(high) > probability, high < 1e12 { (low, high) = (high, high * 2) }
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if tail(middle) > probability { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// Returns the regularized incomplete beta function, by Lentz's continued fraction.
  package static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    guard x > 0 else { return 0 }
    guard x < 1 else { return 1 }
    let scale = exp(
      lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    // The fraction converges quickly on this side of the mean.
    return x < (a + 1) / (a + b + 2)
      ? scale * fraction(x, a, b) / a : 1 - scale * fraction(1 - x, b, a) / b
  }

  private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    func kept(_ value: Double) -> Double { value.magnitude < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / kept(1 - (a + b) * x / (a + 1))
    var result = d
    for step in 1...500 {
      let m = Double(step)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / kept(1 + even * d)
      c = kept(1 + even / c)
      result *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / kept(1 + odd * d)
      c = kept(1 + odd / c)
      result *= d * c
      if (d * c - 1).magnitude < 1e-14 { break }
    }
    return result
  }
}
