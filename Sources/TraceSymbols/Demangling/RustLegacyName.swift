/// Rust's legacy mangling: a C++ name whose last part is a hash.
enum RustLegacyName {
  private static let escapes: [(Substring, String)] = [
    ("SP", "@"), ("BP", "*"), ("RF", "&"), ("LT", "<"), ("GT", ">"), ("LP", "("), ("RP", ")"),
    ("C", ","),
  ]

  /// Nil if it is not a Rust name.
  static func demangle(_ raw: String) -> String? {
    guard raw.hasPrefix("_ZN"), mayHaveHash(raw), raw.utf8.allSatisfy({ $0 < 0x80 }) else {
      return nil
    }
    var parts: [Substring] = []
    var rest = raw.dropFirst(3)
    while let digit = rest.first, digit.isNumber {
      let digits = rest.prefix { $0.isNumber }
      rest = rest.dropFirst(digits.count)
      guard let length = Int(digits), length > 0, length <= rest.utf8.count else { return nil }
      parts.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    // The optimizer's suffix follows the name: ".llvm.1234".
    guard rest.first == "E", let hash = parts.popLast(), isHash(hash), !parts.isEmpty
    else { return nil }
    return parts.map(unescaped).joined(separator: "::")
  }

  /// Whether "17h", a hash's beginning, occurs. C++ names are mostly rejected here.
  private static func mayHaveHash(_ raw: String) -> Bool {
    var last: (UInt8, UInt8) = (0, 0)
    return raw.utf8.contains { byte in
      defer { last = (last.1, byte) }
      return byte == UInt8(ascii: "h") && last == (UInt8(ascii: "1"), UInt8(ascii: "7"))
    }
  }

  private static func isHash(_ part: Substring) -> Bool {
    part.utf8.count == 17 && part.first == "h" && part.dropFirst().allSatisfy(\.isHexDigit)
  }

  private static func unescaped(_ part: Substring) -> String {
    var result = ""
    var rest = part
    // An identifier cannot begin with "$".
    if rest.hasPrefix("_$") { rest = rest.dropFirst() }
    while let first = rest.first {
      if first == "." {
        let isPath = rest.hasPrefix("..")
        result += isPath ? "::" : "."
        rest = rest.dropFirst(isPath ? 2 : 1)
      } else if first == "$", let end = rest.dropFirst().firstIndex(of: "$"),
        let text = escape(rest[rest.index(after: rest.startIndex)..<end])
      {
        result += text
        rest = rest[rest.index(after: end)...]
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  private static func escape(_ code: Substring) -> String? {
    if let known = escapes.first(where: { $0.0 == code }) { return known.1 }
    guard code.first == "u", code.count <= 7, let value = UInt32(code.dropFirst(), radix: 16),
      let scalar = Unicode.Scalar(value), scalar.properties.generalCategory != .control
    else { return nil }
    return String(scalar)
  }
}
