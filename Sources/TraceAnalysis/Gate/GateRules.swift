/// What a gate judges, and how.
public struct GateRules: Hashable, Sendable {
  public var metrics: [GateMetric] = []
  /// Number of accepted runs whose mean is the measure of a new one, and that must be there.
  public var runs = 5
  /// Number of accepted runs that are kept; more than ``runs`` tell the noise better.
  public var keep = 5
  /// A metric may become worse by this much.
  public var limit_percent = 10.0
  /// Noise that a metric is expected to have. See ``GateNoise``.
  public var noise_percent = 3.0
  /// A metric whose noise may be larger than this is not judged; nil for twice its limit.
  public var noise_percent_max: Double?
  /// A trace that lost more than this share of its events is not judged.
  public var lost_percent_max = 1.0

  public init(metrics: [GateMetric] = []) { self.metrics = metrics }

  /// Numbers of runs that can be chosen.
  static let runsRange = 2...1000
}

/// A number that a gate judges.
public struct GateMetric: Hashable, Sendable {
  /// Which values are better.
  public enum Direction: String, Hashable, Sendable {
    case lower, higher
  }

  /// How several numbers become one.
  public enum Aggregate: String, Hashable, Sendable {
    /// There must be one number.
    case one
    case sum, max, min, mean
  }

  /// Where numbers come from.
  public enum Source: Hashable, Sendable {
    /// A report of the trace, by the name of its command.
    case report(String)
    /// The run's JSON file.
    case file
  }

  public var name: String
  public var source: Source
  public var path: JSONPath
  /// Place of a number in the same report by which the value is divided; nil for none.
  public var divisor: JSONPath?
  public var scale = 1.0
  public var aggregate = Aggregate.one
  public var better = Direction.lower
  /// Instead of ``GateRules/limit_percent``.
  public var limit_percent: Double?
  /// Instead of ``GateRules/noise_percent_max``.
  public var noise_percent_max: Double?
  /// The value of a run whose report does not have the number; nil if it cannot be judged then.
  public var absent: Double?

  /// Returns the metric's value.
  ///
  /// - Throws: why there is none.
  public func value(in report: JSONValue?) throws(GateProblem) -> Double {
    guard let report else { return try value(without: .noReport(metric: name)) }
    let found = path.values(in: report)
    let numbers = found.compactMap(\.number)
    guard !numbers.isEmpty else {
      return try value(without: .noNumber(metric: name, path: path.description))
    }
    guard numbers.count == 1 || aggregate != .one else {
      throw .severalNumbers(metric: name, path: path.description, count: numbers.count)
    }
    let value =
      switch aggregate {
      case .one: numbers[0]
      case .sum: numbers.reduce(0, +)
      case .max: numbers.max() ?? 0
      case .min: numbers.min() ?? 0
      case .mean: numbers.reduce(0, +) / Double(numbers.count)
      }
    guard let divisor else { return value * scale }
    let divisors = divisor.values(in: report).compactMap(\.number)
    guard divisors.count == 1, divisors[0] != 0 else {
      throw .noNumber(metric: name, path: divisor.description)
    }
    return value / divisors[0] * scale
  }

  private func value(without problem: GateProblem) throws(GateProblem) -> Double {
    guard let absent else { throw problem }
    return absent
  }
}

/// Why a gate cannot judge.
public enum GateProblem: Error, Hashable, Sendable {
  /// The rules are wrong; `what` is a sentence without its end.
  case rules(what: String)
  /// A file cannot be read; the sentence says which and why.
  case unreadable(sentence: String)
  case noReport(metric: String)
  case noNumber(metric: String, path: String)
  case severalNumbers(metric: String, path: String, count: Int)
  /// There are fewer accepted runs than the rules require.
  case tooFewRuns(found: Int, needed: Int)
  /// Accepted runs do not have the metric.
  case notInBaseline(metric: String, runs: Int, of: Int)
  /// Unchanged runs may differ by `noise` percent, so a change of `limit` percent is not seen.
  case noisy(metric: String, noise: Double, limit: Double)
  /// The accepted runs differ, but their mean is 0.
  case noMean(metric: String)
  case losses(trace: String, percent: Double, limit: Double)
  case incomplete(trace: String)
  case differentPrograms(base: [String], new: [String])
  case differentRates(base: Double, new: Double)
  case differentCPUs(base: Double, new: Double)
}
