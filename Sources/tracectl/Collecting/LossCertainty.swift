import TraceAnalysis
import TraceSession

/// How far the number of lost events can be trusted.
enum LossCertainty: Hashable {
  case exact
  /// An error of the file stopped the counting.
  case atLeast
  /// A process wrote impossible values into loss counters. It may also have written possible ones.
  case unreliable

  init(_ statistics: SessionStatistics) {
    if !statistics.lossesAreKnown {
      self = .unreliable
    } else {
      self = statistics.failure == nil ? .exact : .atLeast
    }
  }

  /// The sentence for losses; nil if nothing was lost for certain. `share` follows the number.
  func sentence(_ lost: UInt64, share: String = "") -> String? {
    guard lost > 0 else {
      return self == .exact ? nil : "IT IS NOT KNOWN WHETHER EVENTS WERE LOST"
    }
    let number = grouped(lost)
    return switch self {
    case .exact: "\(number) EVENTS WERE LOST\(share)"
    case .atLeast: "AT LEAST \(number) EVENTS WERE LOST\(share)"
    case .unreliable:
      "ACCORDING TO COUNTERS THAT ARE NOT RELIABLE, \(number) EVENTS WERE LOST\(share)"
    }
  }

  /// The losses in the progress line.
  func short(_ lost: UInt64) -> String {
    switch self {
    case .exact: lost == 0 ? "0 lost" : "*** \(grouped(lost)) LOST ***"
    case .atLeast: "*** AT LEAST \(grouped(lost)) LOST ***"
    case .unreliable: "*** \(grouped(lost)) LOST, NOT RELIABLE ***"
    }
  }
}
