internal import Glibc

/// How far the mean of new runs may lie from the mean of accepted runs by chance.
///
/// Few runs tell the noise badly: five lie by chance much closer together than usual every now and
/// then, and then every new run is outside. The noise that they show is therefore mixed with an
/// expected noise that is worth ``expectedFreedom`` runs. If the runs vary by more than twice the
/// expectation, its weight falls; from three times on it has none. Such runs are not independent:
/// the machine is slow for a while, then fast. Only what chance makes much more rarely counts then.
public struct GateNoise: Hashable, Sendable {
  /// Probability with which an unchanged run exceeds the limit by chance, at the expected noise and
  /// at a much larger one.
  static let chance = 0.01
  static let chanceOfNoisy = 0.001
  static let expectedFreedom = 8.0

  /// Largest difference of the means by chance, in percent of the accepted mean.
  public var limit_percent: Double

  /// - Parameters:
  ///   - deviation: standard deviation of single runs, in percent.
  ///   - freedom: number of runs that tell it, less the number of means.
  ///   - counts: numbers of runs in the two means.
  init(
    deviation: Double, freedom: Double, expected: Double, counts: (base: Double, new: Double)
  ) {
    let share = min(max(3 - deviation / expected, 0), 1)
    let weight = Self.expectedFreedom * share
    let all = weight + freedom
    guard all > 0 else {
      limit_percent = .infinity
      return
    }
    let variance = (weight * expected * expected + freedom * deviation * deviation) / all
    let chance = Self.chanceOfNoisy * pow(Self.chance / Self.chanceOfNoisy, share)
    let factor = Distributions.studentLimit(beyond: 2 * chance, freedom: all)
    limit_percent = factor * (variance * (1 / counts.base + 1 / counts.new)).squareRoot()
  }
}
