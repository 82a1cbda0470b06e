extension RustName {
  /// - Parameter inValue: if false, a type may occur here, so anything longer than a word needs
  ///   braces.
  mutating func printConstant(inValue: Bool) throws(Failure) {
    try nested { name throws(Failure) in
      switch Unicode.Scalar(try name.next()) {
      case "p": try name.write("_")
      case "h", "t", "m", "y", "o", "j": try name.printInteger()
      case "a", "s", "l", "x", "n", "i":
        if name.eat("n") { try name.write("-") }
        try name.printInteger()
      case "b":
        switch try name.number() {
        case 0: try name.write("false")
        case 1: try name.write("true")
        default: throw Failure()
        }
      case "c":
        guard let letter = Unicode.Scalar(UInt32(clamping: try name.number())) else {
          throw Failure()
        }
        try name.write("'\(Self.escaped(letter, in: "'"))'")
      case "R" where name.eat("e"): try name.printText()
      case "B":
        try name.backReference { name throws(Failure) in try name.printConstant(inValue: inValue) }
      case let kind:
        if !inValue { try name.write("{") }
        try name.printCompoundConstant(kind)
        if !inValue { try name.write("}") }
      }
    }
  }

  private mutating func printCompoundConstant(_ kind: Unicode.Scalar) throws(Failure) {
    switch kind {
    case "e":
      try write("*")
      try printText()
    case "R", "Q":
      try write(kind == "R" ? "&" : "&mut ")
      try printConstant(inValue: true)
    case "A":
      try write("[")
      try list(", ") { name throws(Failure) in try name.printConstant(inValue: true) }
      try write("]")
    case "T":
      try write("(")
      let count = try list(", ") { name throws(Failure) in try name.printConstant(inValue: true) }
      try write(count == 1 ? ",)" : ")")
    case "V":
      try printPath(inValue: true)
      try printFields()
    default: throw Failure()
    }
  }

  /// The fields of a structure or of an enumeration's case.
  private mutating func printFields() throws(Failure) {
    switch Unicode.Scalar(try next()) {
    case "U": break
    case "T":
      try write("(")
      try list(", ") { name throws(Failure) in try name.printConstant(inValue: true) }
      try write(")")
    case "S":
      try write(" { ")
      try list(", ") { name throws(Failure) in
        _ = try name.disambiguator()
        try name.write("\(try name.identifier()): ")
        try name.printConstant(inValue: true)
      }
      try write(" }")
    default: throw Failure()
    }
  }

  /// Decimal if the value fits into 64 bits.
  private mutating func printInteger() throws(Failure) {
    let digits = try digits().drop { $0 == UInt8(ascii: "0") }
    let text = String(decoding: digits, as: UTF8.self)
    if digits.count > 16 { return try write("0x\(text)") }
    try write(String(UInt64(text, radix: 16) ?? 0))
  }

  private mutating func number() throws(Failure) -> UInt64 {
    let digits = try digits().drop { $0 == UInt8(ascii: "0") }
    guard digits.count <= 16 else { throw Failure() }
    return digits.reduce(0) { $0 << 4 | UInt64($1.hexadecimalValue ?? 0) }
  }

  /// UTF-8, two digits for each byte.
  private mutating func printText() throws(Failure) {
    let digits = Array(try digits())
    guard digits.count % 2 == 0 else { throw Failure() }
    let bytes = stride(from: 0, to: digits.count, by: 2).map {
      (digits[$0].hexadecimalValue ?? 0) << 4 | (digits[$0 + 1].hexadecimalValue ?? 0)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure() }
    try write("\"")
    for letter in text.unicodeScalars { try write(Self.escaped(letter, in: "\"")) }
    try write("\"")
  }

  /// Escaped as in Rust, so that a name has no line breaks.
  private static func escaped(_ letter: Unicode.Scalar, in quote: Unicode.Scalar) -> String {
    switch letter {
    case "\0": return "\\0"
    case "\t": return "\\t"
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\\", quote: return "\\\(letter)"
    default:
      let isShown =
        switch letter.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
          .unassigned:
          false
        default: true
        }
      return isShown ? String(letter) : "\\u{\(String(letter.value, radix: 16))}"
    }
  }
}
