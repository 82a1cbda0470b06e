/// How much a metric varied over more accepted runs than a baseline keeps.
///
/// Each accepted run is compared with the mean of those before it, as a gate compares new ones, so
/// drift counts like noise. The newest stored run has what all before it told.
///
/// - Guarantee: a level that changes once, because a faster version was accepted, counts as little
///   as a few noisy runs.
public struct NoiseMemory: Hashable, Sendable {
  /// Number of runs after which a run is forgotten, more or less.
  static let runsMax = 30.0
  /// A difference counts as at most this many standard deviations.
  static let surpriseMax = 3.0

  /// Standard deviation of single runs, in percent.
  public private(set) var deviation_percent = 0.0
  /// Number of runs that tell it, at most ``runsMax``.
  public private(set) var runs = 0.0

  init() {}

  /// Reads a stored memory; nil if it is none.
  init?(stored value: JSONValue) {
    guard let percent = value["deviation_percent"]?.number, let runs = value["runs"]?.number,
      percent >= 0, percent.isFinite, runs >= 0, runs.isFinite
    else { return nil }
    (deviation_percent, self.runs) = (percent, min(runs, Self.runsMax))
  }

  /// The memory as it is stored in a baseline.
  var stored: JSONValue {
    .object([.init("deviation_percent", .number(deviation_percent)), .init("runs", .number(runs))])
  }

  /// Adds a run.
  ///
  /// - Parameters:
  ///   - base: the runs accepted before it; none, or a mean of 0, tell nothing.
  ///   - expected: noise that metrics are expected to have, in percent.
  mutating func add(_ value: Double, after base: Moments, expected: Double) {
    guard base.count > 0, base.mean != 0 else { return }
    let percent = (value - base.mean) / base.mean.magnitude * 100
    // The mean of the others varies, too.
    let own = percent.magnitude / (1 + 1 / base.count).squareRoot()
    let counted = min(own, Self.surpriseMax * max(deviation_percent, expected))
    guard counted.isFinite else { return }
    runs = min(runs + 1, Self.runsMax)
    let variance = deviation_percent * deviation_percent
    deviation_percent = (variance + (counted * counted - variance) / runs).squareRoot()
  }
}

extension GateRun {
  /// Takes over what accepted runs tell of the noise, and adds what this one tells.
  ///
  /// - Parameter accepted: oldest first.
  public mutating func remember(_ accepted: [GateRun], _ rules: GateRules) {
    for metric in rules.metrics {
      guard let value = values[metric.name] else { continue }
      var memory = accepted.last?.noise[metric.name] ?? NoiseMemory()
      let earlier = accepted.suffix(rules.runs).compactMap { $0.values[metric.name] }
      memory.add(value, after: Moments(earlier), expected: rules.noise_percent)
      noise[metric.name] = memory
    }
  }
}
