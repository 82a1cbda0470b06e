package import TraceAnalysis
internal import TraceEvents

extension StackUnit {
  /// Heading of a column.
  var heading: String {
    switch (self, hint) {
    case (.events, _): "events"
    case (_, .nanoseconds), (_, .microseconds), (_, .milliseconds): "ms"
    case (_, .bytes): "KB"
    case (.field(let name, _), _): name
    default: ""
    }
  }

  func text(_ amount: UInt64) -> String {
    switch hint {
    case .nanoseconds: tenths(Double(amount) / 1e6)
    case .microseconds: tenths(Double(amount) / 1e3)
    case .milliseconds: tenths(Double(amount))
    case .bytes: tenths(Double(amount) / 1024)
    default: grouped(amount)
    }
  }
}

extension StackUnit {
  /// The unit for programs.
  package var name: String {
    switch (self, hint) {
    case (.events, _): "events"
    case (_, .nanoseconds): "ns"
    case (_, .microseconds): "us"
    case (_, .milliseconds): "ms"
    case (_, .bytes): "bytes"
    default: "sum"
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
