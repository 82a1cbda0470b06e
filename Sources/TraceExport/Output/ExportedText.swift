/// Returns text from a trace for a file of another program: valid UTF-8 in which control characters
/// and marks that reorder text are escapes (`\x1b`), as are bytes of the operating system that are
/// not UTF-8 (`\xff`). Quotes and backslashes stay, because formats quote them by their own rules.
///
/// - Cost: a scan, and a copy only if something is replaced.
package func exported(_ text: String) -> String {
  let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
  if isPlain { return text }
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0: result += "\\x" + hex(scalar.value, digits: 2)
    case 0x061c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff, 0xfffe...0xffff:
      result += "\\u{" + hex(scalar.value, digits: 4) + "}"
    // As in a `String(osBytes:)`.
    case 0x10_ff00...0x10_ffff: result += "\\x" + hex(scalar.value & 0xff, digits: 2)
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

private func hex(_ value: UInt32, digits: Int) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
