/// Times of day as .nettrace files have them.
enum NetCalendar {
  private static let secondsFrom1601: Int64 = 11_644_473_600

  /// Nanoseconds since 1970 of eight numbers: year, month, day of the week, day, hour, minute,
  /// second, millisecond; nil if they are no time between 1970 and 2200.
  static func nanoseconds(_ parts: [Int16]) -> UInt64? {
    guard parts.count == 8, 1970..<2200 ~= parts[0], 1...12 ~= parts[1], 1...31 ~= parts[3],
      0..<24 ~= parts[4], 0..<60 ~= parts[5], 0...60 ~= parts[6], 0..<1000 ~= parts[7]
    else { return nil }
    let days = days(Int64(parts[0]), Int64(parts[1]), Int64(parts[3]))
    let minutes = days * 1440 + Int64(parts[4]) * 60 + Int64(parts[5])
    let milliseconds = (minutes * 60 + Int64(parts[6])) * 1000 + Int64(parts[7])
    return UInt64(milliseconds) * 1_000_000
  }

  /// Days from 1970 to a date.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let year = month <= 2 ? year - 1 : year
    let (era, ofEra) = (year / 400, year % 400)
    let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
  }

  /// A Windows file time, in units of 100 ns since 1601, as text.
  static func text(fileTime: Int64) -> String {
    let (seconds, rest) = (fileTime / 10_000_000, fileTime % 10_000_000)
    guard fileTime > 0 else { return "\(fileTime)" }
    let unix = seconds - secondsFrom1601
    let (day, ofDay) = (floor(unix, 86_400), modulo(unix, 86_400))
    let (year, month, dayOfMonth) = date(day)
    return "\(pad(year, 4))-\(pad(month))-\(pad(dayOfMonth))T\(pad(ofDay / 3600)):"
      + "\(pad(ofDay / 60 % 60)):\(pad(ofDay % 60)).\(pad(rest, 7))"
  }

  private static func date(_ days: Int64) -> (Int64, Int64, Int64) {
    let shifted = days + 719_468
    let (era, ofEra) = (floor(shifted, 146_097), modulo(shifted, 146_097))
    let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
    let ofYear = ofEra - (365 * year + year / 4 - year / 100)
    let place = (5 * ofYear + 2) / 153
    let month = place < 10 ? place + 3 : place - 9
    return (year + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * place + 2) / 5 + 1)
  }

  private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
    (value - modulo(value, divisor)) / divisor
  }

  private static func modulo(_ value: Int64, _ divisor: Int64) -> Int64 {
    let rest = value % divisor
    return rest < 0 ? rest + divisor : rest
  }

  private static func pad(_ value: some BinaryInteger, _ digits: Int = 2) -> String {
    let text = "\(value)"
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
