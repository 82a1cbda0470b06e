internal import TraceEvents
internal import TraceFormat

/// A comparison of a field with a value: `count>3`, `name=main`, `message~timeout`.
struct FieldCondition: Hashable, Sendable {
  enum Comparison: String, CaseIterable {
    // Longer signs first: a text is searched for them in this order.
    case notEqual = "!="
    case atLeast = ">="
    case atMost = "<="
    case equal = "="
    case above = ">"
    case below = "<"
    case contains = "~"
  }

  static let conditionsMax = 8

  let field: String
  let comparison: Comparison
  let text: String

  /// - Throws: if the text is no comparison.
  init(_ source: String) throws(Refusal) {
    let signs: Set<Character> = ["!", ">", "<", "=", "~"]
    guard let first = source.firstIndex(where: signs.contains),
      let found = Comparison.allCases.first(where: { source[first...].hasPrefix($0.rawValue) }),
      first > source.startIndex
    else {
      throw Refusal(
        400, "'\(source.cut(bytes: 100))' is not a comparison, such as count>3 or name~main.")
    }
    field = String(source[..<first]).trimmed
    comparison = found
    text = String(source[first...].dropFirst(found.rawValue.count)).trimmed
  }

  /// Returns the test for events of one type; nil if they cannot pass.
  func test(_ schema: EventSchema) -> FieldTest? {
    guard let position = schema.fields.firstIndex(where: { $0.name == field }) else { return nil }
    return FieldTest(position, schema.fields[position].type, self)
  }
}

/// A comparison prepared for one field of one type.
struct FieldTest {
  private enum Value {
    case unsigned(UInt64)
    case signed(Int64)
    case real(Double)
    case text([UInt8])
  }

  private let position: Int
  private let comparison: FieldCondition.Comparison
  private let value: Value
  private let isFloat: Bool

  init?(_ position: Int, _ type: FieldType, _ condition: FieldCondition) {
    (self.position, comparison) = (position, condition.comparison)
    let text = condition.text
    var scalar = type.fixedScalar
    var named: UInt64?
    if case .one(.enumeration(let schema)) = type {
      named = schema.cases.first { $0.name == text }.map { $0.value }
      scalar = schema.underlying
    }
    isFloat = scalar == .float
    switch scalar {
    case .float, .double:
      guard let number = Double(text) else { return nil }
      value = .real(number)
    case .bool:
      let bits: [String: UInt64] = ["false": 0, "0": 0, "true": 1, "1": 1]
      guard let bit = bits[text] else { return nil }
      value = .unsigned(bit)
    case let scalar? where scalar.isSigned:
      guard let number = Int64(text) ?? named.map(Int64.init(bitPattern:)) else { return nil }
      value = .signed(number)
    case .some:
      guard let number = named ?? Self.unsigned(text) else { return nil }
      value = .unsigned(number)
    case nil:
      guard type == .one(.string) else { return nil }
      value = .text(Array(text.utf8))
    }
  }

  private static func unsigned(_ text: String) -> UInt64? {
    text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
  }

  func passes(_ event: borrowing RawEvent) -> Bool {
    switch value {
    case .unsigned(let wanted): compare(event.word(position), wanted)
    case .signed(let wanted): compare(Int64(bitPattern: event.word(position)), wanted)
    case .real(let wanted):
      compare(
        isFloat
          ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: event.word(position))))
          : Double(bitPattern: event.word(position)), wanted)
    case .text(let wanted): compare(event.bytes(position), wanted)
    }
  }

  private func compare<Number: Comparable>(_ a: Number, _ b: Number) -> Bool {
    switch comparison {
    case .equal, .contains: a == b
    case .notEqual: a != b
    case .atLeast: a >= b
    case .atMost: a <= b
    case .above: a > b
    case .below: a < b
    }
  }

  private func compare(_ a: UnsafeRawBufferPointer, _ b: [UInt8]) -> Bool {
    switch comparison {
    case .equal: a.elementsEqual(b)
    case .notEqual: !a.elementsEqual(b)
    case .contains: Self.contains(a, b)
    case .atLeast: !a.lexicographicallyPrecedes(b)
    case .below: a.lexicographicallyPrecedes(b)
    case .above: !a.lexicographicallyPrecedes(b) && !a.elementsEqual(b)
    case .atMost: a.lexicographicallyPrecedes(b) || a.elementsEqual(b)
    }
  }

  /// Whether `b` occurs in `a`, without regard to the case of ASCII letters.
  private static func contains(_ a: UnsafeRawBufferPointer, _ b: [UInt8]) -> Bool {
    guard let first = b.first else { return true }
    guard a.count >= b.count else { return false }
    for start in 0...(a.count - b.count) where lower(a[start]) == lower(first) {
      if b.indices.dropFirst().allSatisfy({ lower(a[start + $0]) == lower(b[$0]) }) { return true }
    }
    return false
  }

  private static func lower(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}

extension String {
  /// The text without spaces at its ends.
  var trimmed: String {
    let start = drop { $0 == " " }
    let end = start.lastIndex { $0 != " " }
    return end.map { String(start[...$0]) } ?? ""
  }
}
