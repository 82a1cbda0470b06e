package import TraceAnalysis

/// What a view of stacks adds up, and how its sums are written.
package enum StackUnit: Hashable, Sendable {
  /// Nanoseconds of CPU time, shown in milliseconds.
  case cpuTime
  case events
  /// An event field's sum.
  case field(String, isBytes: Bool)

  package func amount(of metric: StackMetric) -> UInt64 {
    self == .events ? metric.count : metric.weight
  }

  /// What stands over a column.
  var heading: String {
    switch self {
    case .cpuTime: "ms"
    case .events: "events"
    case .field(_, isBytes: true): "KB"
    case .field(let name, isBytes: false): name
    }
  }

  func text(_ amount: UInt64) -> String {
    switch self {
    case .cpuTime: tenths(Double(amount) / 1e6)
    case .field(_, isBytes: true): tenths(Double(amount) / 1024)
    case .events, .field(_, isBytes: false): thousands(amount)
    }
  }
}

/// `12,345.6`
func tenths(_ value: Double) -> String {
  let scaled = UInt64(min(value * 10, 1e18).rounded())
  return "\(thousands(scaled / 10)).\(scaled % 10)"
}

/// `12,345,678`
func thousands(_ value: UInt64) -> String {
  let digits = Array("\(value)".utf8)
  var text: [UInt8] = []
  for (index, digit) in digits.enumerated() {
    if index > 0, (digits.count - index) % 3 == 0 { text.append(UInt8(ascii: ",")) }
    text.append(digit)
  }
  return String(decoding: text, as: UTF8.self)
}

/// `33.9` for a third; empty for nothing.
func percent(_ part: UInt64, of whole: UInt64) -> String {
  part == 0 || whole == 0 ? "" : tenths(Double(part) / Double(whole) * 100)
}

extension String {
  /// At least `width` characters, with spaces at the start.
  func right(_ width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }

  /// At most `width` characters: the middle makes room, because a name's beginning has its module
  /// and its end has what it is.
  func shortened(to width: Int?) -> String {
    guard let width, count > width else { return self }
    let kept = max(width - 1, 8)
    return prefix(kept - kept / 2) + "…" + suffix(kept / 2)
  }
}
