/// Splits a program's text into tokens.
struct Lexer {
  private let text: [UInt8]
  private var place = 0
  private var line = 1

  /// The symbols, longest first.
  private static let symbols = [
    "..", "==", "!=", "<=", ">=", "<<", ">>", "&&", "||", "+", "-", "*", "/", "%", "&", "|", "^",
    "<", ">", "=", "!", "(", ")", "[", "]", "{", "}", ",", ";", ".",
  ].map { (text: $0, bytes: Array($0.utf8)) }

  init(_ source: String) { text = Array(source.utf8) }

  static func tokens(of source: String) throws(SyntaxError) -> [PlacedToken] {
    var lexer = Lexer(source)
    var tokens: [PlacedToken] = []
    repeat {
      lexer.skipSpace()
      tokens.append(PlacedToken(token: try lexer.next(), line: lexer.line))
    } while tokens.last?.token != .end
    return tokens
  }

  private var current: UInt8? { place < text.count ? text[place] : nil }

  private mutating func skipSpace() {
    while let byte = current {
      if byte == UInt8(ascii: "#") {
        while let other = current, other != UInt8(ascii: "\n") { place += 1 }
      } else if byte == UInt8(ascii: "\n") {
        line += 1
        place += 1
      } else if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
        place += 1
      } else {
        return
      }
    }
  }

  private mutating func next() throws(SyntaxError) -> Token {
    guard let byte = current else { return .end }
    if byte.isDigit { return try number() }
    if byte.isLetter { return word() }
    if byte == UInt8(ascii: "\"") { return .string(try string()) }
    for symbol in Self.symbols where text[place...].starts(with: symbol.bytes) {
      place += symbol.bytes.count
      return .symbol(symbol.text)
    }
    throw SyntaxError(line: line, message: "byte \(byte) has no place here")
  }

  private mutating func word() -> Token {
    let start = place
    while let byte = current, byte.isLetter || byte.isDigit { place += 1 }
    let name = String(decoding: text[start..<place], as: UTF8.self)
    return Keyword(rawValue: name).map(Token.keyword) ?? .name(name)
  }

  private mutating func number() throws(SyntaxError) -> Token {
    let start = place
    skipDigits()
    // "1..5" is a range, "1.5" a float.
    let hasFraction =
      current == UInt8(ascii: ".") && place + 1 < text.count && text[place + 1].isDigit
    if hasFraction {
      place += 1
      skipDigits()
    }
    var hasExponent = false
    if let byte = current, byte | 0x20 == UInt8(ascii: "e") {
      hasExponent = true
      place += 1
      if current == UInt8(ascii: "-") || current == UInt8(ascii: "+") { place += 1 }
      skipDigits()
    }
    let digits = String(decoding: text[start..<place], as: UTF8.self)
    if hasFraction || hasExponent, let value = Double(digits) { return .float(value) }
    if let value = Int(digits), Value.integers.contains(value) { return .integer(value) }
    throw SyntaxError(line: line, message: "'\(digits)' is no number that fits")
  }

  private mutating func skipDigits() { while let byte = current, byte.isDigit { place += 1 } }

  private mutating func string() throws(SyntaxError) -> String {
    var bytes: [UInt8] = []
    place += 1
    while let byte = current, byte != UInt8(ascii: "\n") {
      place += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: bytes, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\"), let escaped = current else {
        bytes.append(byte)
        continue
      }
      place += 1
      switch escaped {
      case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
      default: bytes.append(escaped)
      }
    }
    throw SyntaxError(line: line, message: "a string without its end")
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  fileprivate var isLetter: Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) || self == UInt8(ascii: "_")
  }
}
