/// Two sets of runs compared: what grew, what shrank, and what cannot be told apart.
public struct ComparisonReport: Report {
  public var lost: LostEvents
  public var partial: [PartialReason]
  public var base: [RunProfile]
  public var new: [RunProfile]
  public var divisor: RunDivisor
  /// What limits the comparison.
  public var cautions: [Caution] = []
  /// Amount of all events.
  public var total: Change
  /// All functions; ``functions(limit:)`` sorts them.
  public var functions: [Function] = []
  /// By topic.
  public var measures: [Measure] = []
  /// Call tree of both sides; nil if it was not asked for.
  public var difference: DifferenceTree?
  /// Probability up to which a difference of functions is not by chance, and the factor by which
  /// functions vary more than samples explain.
  public var limit = 0.0
  public var excess = 1.0
  /// Maximum number of functions that a renderer lists; nil for its own choice.
  public var listLimit: Int?
  public var sortsByInclusive = false

  /// What the total and the functions add up.
  public var quantity: ComparedQuantity { (base + new).first?.quantity ?? ComparedQuantity() }

  /// What can be said about a difference.
  public enum Verdict: String, Hashable, Sendable {
    case higher
    case lower
    /// Chance alone often makes such a difference.
    case notDistinguishable = "not distinguishable"
    /// The noise is not known: there is one run a side.
    case unknown
  }

  /// A number on both sides. Amounts are divided as ``divisor`` says.
  public struct Change: Hashable, Sendable {
    /// Means over the runs.
    public var base: Double
    public var new: Double
    public var verdict = Verdict.unknown
    /// Relative change in percent; nil without a base.
    public var percent: Double? {
      base > 0 ? (new / base - 1) * 100 : nil
    }
    /// Interval that holds the true change, in percent; nil if the noise is not known.
    public var interval_percent: ClosedRange<Double>?

    /// Whether the difference is not by chance.
    public var isDistinguishable: Bool { verdict == .higher || verdict == .lower }
  }

  /// A function. Its amounts are those of ``quantity``, such as nanoseconds of CPU time.
  public struct Function: Hashable, Sendable {
    public var frame: StackFrame
    public var exclusive: Change
    public var inclusive: Change
    /// Number of samples on each side, exclusive.
    public var baseSamples: UInt64
    public var newSamples: UInt64
    /// Change of the exclusive amount beyond what the change of the total predicts.
    public var excess: Double
    public var inclusiveExcess: Double
    /// Growth of the exclusive amount in percent of what the growth of the total predicts; nil if
    /// the total or the function's base gives no prediction.
    public var overweight_percent: Double?
  }

  /// A number of another report.
  public struct Measure: Hashable, Sendable {
    public var topic: RunMeasure.Topic
    public var name: String
    public var unit: RunMeasure.Unit
    /// Whether it is divided.
    public var isAmount: Bool
    public var change: Change
  }

  /// Something that limits what a comparison can say.
  public enum Caution: Hashable, Sendable {
    case oneRun
    /// There is one run on a side, and nothing tells the noise of what is added up.
    case oneProfile
    case differentPrograms(base: [String], new: [String])
    /// Samples per second of CPU time.
    case differentRates(base: [Double], new: [Double])
    case differentCPUs(base: [UInt32], new: [UInt32])
    case losses(trace: String, percent: Double)
    case incomplete(trace: String)
    /// A trace does not have what amounts are divided by.
    case noDivisor(trace: String)
    case noSamples(trace: String)
    /// Lengths of the runs differ by more than a tenth, in seconds.
    case differentLengths(base: Double, new: Double)
  }
}
