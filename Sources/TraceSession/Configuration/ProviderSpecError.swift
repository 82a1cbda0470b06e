/// The reason why a text is not a list of provider specifications.
public enum ProviderSpecError: Error, Hashable, Sendable, CustomStringConvertible {
  case empty(spec: String)
  /// More than `Name:Keywords:Level`.
  case tooManyParts(spec: String)
  case unknownKeyword(String, provider: String, nearest: [String], known: [String])
  case badNumber(String, spec: String)
  case unknownLevel(String, spec: String)
  /// A keyword of the Runtime provider is used as a provider's name.
  case keywordAsProvider(String, spec: String)
  case unknownEvent(String, provider: String, nearest: [String])
  /// The text after `CPU:` is not a valid rate.
  case badRate(String)
  /// `CPU` is listed more than once, with different rates.
  case twoRates(UInt32, UInt32)
  /// The text after `SystemCounters:` is not a valid interval.
  case badInterval(String)
  /// `SystemCounters` is listed more than once, with different intervals.
  case twoIntervals(String)
  /// A source of the kernel's that has neither keywords nor a level.
  case sourceWithParts(String, spec: String)

  public var description: String {
    switch self {
    case .empty(let spec):
      "the provider specification '\(spec)' names no provider; "
        + "write GC, JIT, or Name[:Keywords[:Level]]"
    case .tooManyParts(let spec):
      "'\(spec)' has more parts than Name:Keywords:Level"
    case .unknownKeyword(let keyword, let provider, let nearest, let known):
      "provider \(provider) has no keyword '\(keyword)'; "
        + Self.suggestion(nearest, otherwise: "its keywords are \(known.joined(separator: ", "))")
    case .badNumber(let number, let spec):
      "'\(number)' in '\(spec)' is no 64-bit number in hexadecimal, such as 0x8001"
    case .unknownLevel(let level, let spec):
      "'\(level)' in '\(spec)' is no level; write Critical, Error, Warning, Informational, "
        + "Verbose, or 0 to 255"
    case .keywordAsProvider(let keyword, let spec):
      "'\(keyword)' in '\(spec)' is a keyword of the Runtime provider; "
        + "write Runtime:\(keyword)+…, or \(keyword)::Level"
    case .unknownEvent(let event, let provider, let nearest):
      "provider \(provider) has no event '\(event)'; "
        + Self.suggestion(nearest, otherwise: "tracectl providers lists its events")
    case .badRate(let spec):
      "'\(spec)' has no rate from \(CPUSampling.rates.lowerBound) to "
        + "\(CPUSampling.rates.upperBound) samples a second; write CPU or CPU:999"
    case .twoRates(let one, let other):
      "CPU is listed with two rates, \(one) and \(other); give one, for example CPU:\(other) "
        + "(CPU alone means \(CPUSampling.rateUsual))"
    case .badInterval(let spec):
      "'\(spec)' has no interval from 100ms to 60m; write SystemCounters or SystemCounters:500ms"
    case .twoIntervals(let spec):
      "SystemCounters is listed with two intervals; give one, for example \(spec) "
        + "(SystemCounters alone means 1s)"
    case .sourceWithParts(let source, let spec):
      "'\(spec)' says more than there is to choose; write \(source)"
    }
  }

  private static func suggestion(_ nearest: [String], otherwise: String) -> String {
    nearest.isEmpty ? otherwise : "did you mean \(nearest.joined(separator: " or "))?"
  }
}
