internal import TraceAnalysis

extension StackUnit {
  /// Heading of a column.
  var heading: String {
    switch self {
    case .cpuTime, .wallTime: "ms"
    case .events: "events"
    case .field(_, isBytes: true): "KB"
    case .field(let name, isBytes: false): name
    }
  }

  func text(_ amount: UInt64) -> String {
    switch self {
    case .cpuTime, .wallTime: tenths(Double(amount) / 1e6)
    case .field(_, isBytes: true): tenths(Double(amount) / 1024)
    case .events, .field(_, isBytes: false): grouped(amount)
    }
  }
}

/// Returns the value with one decimal: `12,345.6`
func tenths(_ value: Double) -> String {
  let scaled = UInt64(min(value * 10, 1e18).rounded())
  return "\(grouped(scaled / 10)).\(scaled % 10)"
}

/// Returns a percentage without its sign: `33.9` for a third; empty for zero.
func percent(_ part: UInt64, of whole: UInt64) -> String {
  part == 0 || whole == 0 ? "" : tenths(Double(part) / Double(whole) * 100)
}

extension String {
  /// Returns at most `width` characters, shortened in the middle: the beginning of a name is its
  /// module, and the end identifies the function.
  func shortened(to width: Int?) -> String {
    guard let width, count > width else { return self }
    let kept = max(width - 1, 8)
    return prefix(kept - kept / 2) + "…" + suffix(kept / 2)
  }
}
