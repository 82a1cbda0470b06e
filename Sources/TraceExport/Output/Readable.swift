// Number formatting for human readers.

/// Returns a byte count, in powers of 1024: `1.5 GB`.
package func readableBytes(_ bytes: UInt64) -> String {
  var value = Double(bytes)
  var unit = 0
  let units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"]
  while value >= 1024, unit < units.count - 1 {
    value /= 1024
    unit += 1
  }
  return unit == 0 ? "\(bytes) B" : "\(fixed(value, decimals: value < 10 ? 2 : 1)) \(units[unit])"
}

/// Returns the whole number that is nearest; 0 for what is less, and the greatest number for what
/// is more or no number.
package func nearestWhole(_ value: Double) -> UInt64 {
  UInt64(exactly: max(value, 0).rounded()) ?? .max
}

/// Returns a number with a fixed number of decimals, at most 9.
package func fixed(_ value: Double, decimals: Int) -> String {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  guard value.magnitude < 1e15, value.magnitude * scale < 9e18 else { return "\(value)" }
  let scaled = Int64((value.magnitude * scale).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  let whole = scaled / Int64(scale)
  if decimals == 0 { return "\(sign)\(whole)" }
  let fraction = "\(scaled % Int64(scale))"
  return "\(sign)\(whole).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
}

/// Returns a duration: `850 ms`, `12.3 s`, `2 m 05 s`, `1 h 02 m`.
package func readableDuration(nanoseconds: UInt64) -> String {
  let seconds = Double(nanoseconds) / 1e9
  if seconds < 1 { return "\(fixed(seconds * 1000, decimals: seconds < 0.01 ? 3 : 0)) ms" }
  if seconds < 120 { return "\(fixed(seconds, decimals: 1)) s" }
  let whole = Int(seconds)
  func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
  if whole < 7200 { return "\(whole / 60) m \(two(whole % 60)) s" }
  return "\(whole / 3600) h \(two(whole / 60 % 60)) m"
}

/// Returns a short duration with three digits or more: `850 ns`, `12.3 µs`, `4.56 ms`, `1.23 s`.
package func shortDuration(nanoseconds: UInt64) -> String {
  var value = Double(nanoseconds)
  var unit = 0
  let units = ["ns", "µs", "ms", "s"]
  while value >= 1000, unit < units.count - 1 {
    value /= 1000
    unit += 1
  }
  let decimals = unit == 0 || value >= 100 ? 0 : value < 10 ? 2 : 1
  return "\(fixed(value, decimals: decimals)) \(units[unit])"
}

/// Returns a time since the trace's start in seconds, to the microsecond: `1.234567`.
package func secondsSinceStart(_ nanoseconds: Int64) -> String {
  fixed(Double(nanoseconds) / 1e9, decimals: 6)
}

/// Returns a percentage: `33.3 %`, or `<0.1 %` for very small shares.
func percentage(_ part: UInt64, of whole: UInt64) -> String {
  guard part > 0, whole > 0 else { return "0 %" }
  let share = Double(part) / Double(whole) * 100
  return share < 0.1 ? "<0.1 %" : fixed(share, decimals: 1) + " %"
}

extension String {
  /// Returns at least `width` characters, padded with spaces at the end.
  package func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  /// Returns at least `width` characters, padded with spaces at the start.
  package func indented(to width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
