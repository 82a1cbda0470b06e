/// A value of a JSON text (RFC 8259).
public enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  /// In the order of the text. Of members with the same name, the first counts.
  case object([Member])

  /// A member of an object.
  public struct Member: Hashable, Sendable {
    public var name: String
    public var value: JSONValue

    public init(_ name: String, _ value: JSONValue) { (self.name, self.value) = (name, value) }
  }

  /// Returns the member of an object with this name; nil for other values.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  public var number: Double? {
    guard case .number(let number) = self else { return nil }
    return number
  }

  public var string: String? {
    guard case .string(let string) = self else { return nil }
    return string
  }

  public var array: [JSONValue]? {
    guard case .array(let array) = self else { return nil }
    return array
  }

  public var members: [Member]? {
    guard case .object(let members) = self else { return nil }
    return members
  }

  /// Parses a whole text.
  ///
  /// - Throws: ``TextProblem`` at the first byte that is not JSON. Nesting is limited to 64, and
  ///   numbers to those that a double expresses.
  public init(json bytes: [UInt8]) throws(TextProblem) {
    var parser = JSONParser(bytes)
    self = try parser.whole()
  }
}

/// Why a text cannot be read.
public struct TextProblem: Error, Hashable, Sendable {
  /// The line, from 1.
  public var line: Int
  /// What is wrong there, without a subject: `a value is missing`.
  public var what: String
}

/// Parses one JSON text.
struct JSONParser {
  private static let depthMax = 64

  private let bytes: [UInt8]
  private var place = 0
  private var depth = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func whole() throws(TextProblem) -> JSONValue {
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { place = 3 }
    let value = try value()
    skipSpace()
    guard place == bytes.count else { throw problem("there is more after the value") }
    return value
  }

  private func problem(_ what: String) -> TextProblem {
    let line = bytes[..<min(place, bytes.count)].count { $0 == UInt8(ascii: "\n") } + 1
    return TextProblem(line: line, what: what)
  }

  private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
      place += 1
    }
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: byte) else { return false }
    place += 1
    return true
  }

  private mutating func value() throws(TextProblem) -> JSONValue {
    skipSpace()
    guard let first = next else { throw problem("a value is missing") }
    switch first {
    case UInt8(ascii: "{"):
      return try nested { (parser) throws(TextProblem) in try parser.object() }
    case UInt8(ascii: "["):
      return try nested { (parser) throws(TextProblem) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    default:
      let words: [(String, JSONValue)] = [
        ("true", .bool(true)), ("false", .bool(false)), ("null", .null),
      ]
      for (word, value) in words where bytes[place...].starts(with: word.utf8) {
        place += word.utf8.count
        return value
      }
      throw problem("a value is wrong")
    }
  }

  private mutating func nested(
    _ body: (inout JSONParser) throws(TextProblem) -> JSONValue
  ) throws(TextProblem) -> JSONValue {
    guard depth < Self.depthMax else { throw problem("values are nested too deeply") }
    depth += 1
    place += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func object() throws(TextProblem) -> JSONValue {
    var members: [JSONValue.Member] = []
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw problem("a name in quotes is missing") }
      let name = try string()
      guard take(":") else { throw problem("':' is missing") }
      members.append(JSONValue.Member(name, try value()))
    } while take(",")
    guard take("}") else { throw problem("'}' is missing") }
    return .object(members)
  }

  private mutating func array() throws(TextProblem) -> JSONValue {
    var values: [JSONValue] = []
    if take("]") { return .array(values) }
    repeat { values.append(try value()) } while take(",")
    guard take("]") else { throw problem("']' is missing") }
    return .array(values)
  }

  private mutating func number() throws(TextProblem) -> Double {
    let start = place
    while let byte = next, "+-.eE0123456789".utf8.contains(byte) { place += 1 }
    let text = String(decoding: bytes[start..<place], as: UTF8.self)
    guard let number = Double(text), number.isFinite, text.utf8.last != UInt8(ascii: ".") else {
      throw problem("the number '\(text)' cannot be read")
    }
    return number
  }

  private mutating func string() throws(TextProblem) -> String {
    place += 1
    var result: [UInt8] = []
    while let byte = next, byte != UInt8(ascii: "\"") {
      place += 1
      guard byte == UInt8(ascii: "\\") else {
        guard byte >= 0x20 else { throw problem("a control character is in a string") }
        result.append(byte)
        continue
      }
      result += String(try escape()).utf8
    }
    guard next != nil else { throw problem("a string has no end") }
    place += 1
    return String(decoding: result, as: UTF8.self)
  }

  private mutating func escape() throws(TextProblem) -> Character {
    guard let byte = next else { throw problem("a string has no end") }
    place += 1
    switch byte {
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
      return Character(Unicode.Scalar(byte))
    case UInt8(ascii: "u"):
      let unit = try hexadecimal()
      guard (0xd800..<0xdc00).contains(unit) else {
        return Character(Unicode.Scalar(unit) ?? "\u{fffd}")
      }
      guard bytes[place...].starts(with: "\\u".utf8) else { return "\u{fffd}" }
      place += 2
      let low = try hexadecimal()
      guard (0xdc00..<0xe000).contains(low) else { return "\u{fffd}" }
      let scalar = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
      return Character(Unicode.Scalar(scalar) ?? "\u{fffd}")
    default: throw problem("a string has an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(TextProblem) -> UInt32 {
    let end = place + 4
    guard end <= bytes.count,
      let unit = UInt32(String(decoding: bytes[place..<end], as: UTF8.self), radix: 16)
    else { throw problem("a string has an unknown escape") }
    place = end
    return unit
  }
}
