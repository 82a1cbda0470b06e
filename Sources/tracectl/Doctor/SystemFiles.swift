import Glibc

/// Small text files of /proc and /sys.
enum SystemFiles {
  static let byteLimit = 64 * 1024

  /// A file's first part without the last line break; nil when it cannot be read.
  static func text(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: byteLimit)
    let count = read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { return nil }
    var text = Substring(decoding: bytes.prefix(count), as: UTF8.self)
    while text.last == "\n" { text.removeLast() }
    return String(text)
  }

  static func integer(_ path: String) -> Int? { text(path).flatMap { Int($0) } }
}

/// Bytes for people: `1.5 GB`, in powers of 1024.
func readableBytes(_ bytes: UInt64) -> String {
  var value = Double(bytes)
  var unit = 0
  let units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"]
  while value >= 1024, unit < units.count - 1 {
    value /= 1024
    unit += 1
  }
  return unit == 0 ? "\(bytes) B" : "\(fixed(value, decimals: value < 10 ? 2 : 1)) \(units[unit])"
}

/// A number with a fixed count of decimals, at most 9.
func fixed(_ value: Double, decimals: Int) -> String {
  guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let scaled = Int64((value.magnitude * scale).rounded())
  let sign = value < 0 && scaled > 0 ? "-" : ""
  let whole = scaled / Int64(scale)
  if decimals == 0 { return "\(sign)\(whole)" }
  let fraction = "\(scaled % Int64(scale))"
  return "\(sign)\(whole).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
}

/// An integer with its thousands apart: `12,345,678`.
func grouped(_ value: UInt64) -> String {
  let digits = Array("\(value)")
  var result = ""
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
    result.append(digit)
  }
  return result
}

/// A length of time for people: `850 ms`, `12.3 s`, `2 m 05 s`, `1 h 02 m`.
func readableDuration(nanoseconds: UInt64) -> String {
  let seconds = Double(nanoseconds) / 1e9
  if seconds < 1 { return "\(fixed(seconds * 1000, decimals: seconds < 0.01 ? 3 : 0)) ms" }
  if seconds < 120 { return "\(fixed(seconds, decimals: 1)) s" }
  let whole = Int(seconds)
  func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
  if whole < 7200 { return "\(whole / 60) m \(two(whole % 60)) s" }
  return "\(whole / 3600) h \(two(whole / 60 % 60)) m"
}
