/// How often a session records counters of the machine.
public struct CounterSampling: Hashable, Sendable {
  public static let intervalUsual_ns: UInt64 = 1_000_000_000
  /// From a tenth of a second to an hour.
  public static let intervals_ns: ClosedRange<UInt64> = 100_000_000...3_600_000_000_000

  /// Time between two readings.
  public var interval_ns: UInt64

  public init(interval_ns: UInt64 = intervalUsual_ns) { self.interval_ns = interval_ns }

  private static let units: [(name: String, nanoseconds: UInt64)] = [
    ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("", 1_000_000_000),
  ]

  /// The interval in a text such as `500ms`, `2s` or `1m`; a bare number is seconds. Nil if it is
  /// none, or out of range.
  static func interval(_ text: String) -> UInt64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text.dropFirst(digits.count)
    guard let number = UInt64(digits),
      let scale = units.first(where: { $0.name == unit })?.nanoseconds
    else { return nil }
    let (interval, isTooLong) = number.multipliedReportingOverflow(by: scale)
    return !isTooLong && intervals_ns.contains(interval) ? interval : nil
  }
}
