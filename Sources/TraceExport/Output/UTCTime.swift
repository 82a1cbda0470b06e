internal import Glibc

/// A calendar time in UTC.
struct UTCTime {
  var year: Int
  var month: Int
  var day: Int
  var hour: Int
  var minute: Int
  var second: Int
  var nanosecond: Int

  /// - Parameter nanoseconds: since 1970, UTC.
  init(unixNanoseconds nanoseconds: Int64) {
    let second_ns: Int64 = 1_000_000_000
    let fraction = nanoseconds % second_ns
    var seconds = time_t(nanoseconds / second_ns - (fraction < 0 ? 1 : 0))
    var parts = tm()
    gmtime_r(&seconds, &parts)
    year = Int(parts.tm_year) + 1900
    month = Int(parts.tm_mon) + 1
    day = Int(parts.tm_mday)
    hour = Int(parts.tm_hour)
    minute = Int(parts.tm_min)
    second = Int(parts.tm_sec)
    nanosecond = Int(fraction < 0 ? fraction + second_ns : fraction)
  }

  /// `2026-11-23 21:04:05.123 UTC`
  var text: String { "\(date) \(clock).\(Self.digits(nanosecond / 1_000_000, 3)) UTC" }

  /// `2026-11-23T21:04:05`, to the second (RFC 3339, without its zone).
  var rfc3339Second: String { "\(date)T\(clock)" }

  private var date: String {
    "\(Self.digits(year, 4))-\(Self.digits(month, 2))-\(Self.digits(day, 2))"
  }

  private var clock: String {
    "\(Self.digits(hour, 2)):\(Self.digits(minute, 2)):\(Self.digits(second, 2))"
  }

  static func digits(_ value: Int, _ width: Int) -> String {
    let text = "\(value)"
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
}
