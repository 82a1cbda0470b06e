internal import TraceEvents
public import TraceFormat

/// What a comparison of functions adds up.
public struct ComparedQuantity: Hashable, Sendable {
  public var unit = StackUnit.cpuTime
  /// Event names as `Provider/Event`, sorted.
  public var eventNames = StackReport.samples
  /// Whether the trace was made of a profile, whose events have no times: each is a stack with its
  /// sum.
  public var isProfile = false

  /// CPU time of samples.
  public init() {}

  init(_ options: StackOptions, isProfile: Bool) {
    (unit, eventNames, self.isProfile) = (options.unit, options.eventNames, isProfile)
  }

  /// Whether the number of events tells the noise of their sum: each event is as large as another,
  /// and happens by chance.
  var isCounted: Bool {
    switch unit {
    case .cpuTime: true
    case .events: !isProfile
    case .field, .wallTime: false
    }
  }

  /// In words: `CPU time`, `inuse_space`.
  public var name: String {
    switch unit {
    case .cpuTime: "CPU time"
    case .wallTime: "wall-clock time"
    case .events: eventNames.joined(separator: ", ")
    case .field(let name, _): name
    }
  }
}

extension Comparison {
  /// Returns two runs that add up different things, and so cannot be compared; nil if all can.
  public static func mismatch(_ runs: [RunProfile]) -> (RunProfile, RunProfile)? {
    guard let first = runs.first else { return nil }
    return runs.first { $0.quantity.unit != first.quantity.unit }.map { (first, $0) }
  }
}

extension RunDivisor {
  /// What amounts are divided by if nothing else is said: the runs' lengths; in profiles that have
  /// none, or add up what does not grow with time, nothing.
  ///
  /// - Cost: as ``ProfileDescription/init(of:)``.
  public static func usual(for files: [TraceFile]) throws -> RunDivisor {
    for file in files {
      guard let profile = try ProfileDescription(of: file) else { continue }
      if profile.duration <= 0 || profile.event != StackReport.samples.first { return .run }
    }
    return .second
  }
}
