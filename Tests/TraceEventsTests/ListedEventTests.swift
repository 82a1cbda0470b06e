import Testing
import TraceEvents

/// One field of every kind, each named once.
private struct Listed: ListedEvent, Equatable {
  var a: Int8 = 0
  var b: UInt16 = 0
  var c: Int32 = 0
  var d: UInt64 = 0
  var e = false
  var f: Float = 0
  var g: Double = 0
  var h = GCReason(rawValue: 0)
  var i = ""
  var j: [UInt8] = []
  var k: [Int16] = []
  var l: [String] = []
  var m: [Double] = []
  var n: [[UInt8]] = []
  var o: [Bool] = []
  var p: [GCReason] = []

  static var eventID: UInt16 { 9 }
  static let schema = EventSchema(of: Self.self, provider: "Test", name: "Everything")
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("a", \.a)
    list.field("b", \.b)
    list.field("c", \.c)
    list.field("d", \.d)
    list.field("e", \.e)
    list.field("f", \.f)
    list.field("g", \.g)
    list.field("h", \.h, type: .scalar(.uint32))
    list.field("i", \.i)
    list.field("j", \.j)
    list.field("k", \.k)
    list.field("l", \.l)
    list.field("m", \.m)
    list.field("n", \.n)
    list.field("o", \.o)
    list.field("p", \.p, type: .array(.scalar(.uint32)))
  }
}

@Suite struct ListedEventTests {
  @Test func theSchemaIsTheOneThatIsWrittenByHand() {
    #expect(Listed.schema == Everything.schema)
  }

  @Test func everyKindOfFieldIsWrittenAndReadBack() {
    let event = Listed(
      a: -1, b: 2, c: -3, d: 4, e: true, f: 5.5, g: -6.5, h: .lowMemory, i: "höher",
      j: [1, 2, 3], k: [-1, 7], l: ["", "x"], m: [1.5], n: [[1], [], [2, 3]],
      o: [true, false], p: [.induced, .empty])
    #expect(decode(Listed.self, encode(event).words) == event)
    // The bytes are the same as those of the event with explicit coding.
    let spelled = decode(Everything.self, encode(event).words)
    #expect(encode(spelled).words == encode(event).words)
  }

  @Test func aFieldThatTheWriterLacksReadsAsEmpty() {
    let event = decode(Listed.self, encode(Listed(a: 5, b: 6)).words, fields: 1)
    #expect(event == Listed(a: 5))
  }

  /// Events with explicit schema, encoding and decoding could exchange two fields of one type in
  /// both encode and decode: a round trip does not detect it, but the labels would be wrong.
  @Test(arguments: RuntimeSchema.eventTypes + SystemSchema.eventTypes)
  func everyLabelShowsItsOwnValue(_ type: any TraceEvent.Type) {
    func check<E: TraceEvent>(_: E.Type) {
      let record = LabelledRecord(E.schema.fields.map(\.type))
      let event = decode(E.self, record.words)
      let children = Array(Mirror(reflecting: event).children)
      #expect(children.map(\.label) == E.schema.fields.map(\.name))
      for (index, child) in children.enumerated() {
        #expect(
          LabelledRecord.value(of: child.value) == record.expected[index],
          "\(E.self).\(child.label ?? "")")
      }
      #expect(encode(event).words == record.words, "\(E.self)")
    }
    check(type)
  }
}

/// A record in which each field has a different value.
private struct LabelledRecord {
  var words: [UInt64] = []
  var expected: [String] = []

  init(_ types: [FieldType]) {
    for (index, type) in types.enumerated() {
      // Below 128, so that it fits every integer.
      let number = UInt64(index + 2)
      switch type {
      case .one(.scalar(.bool)): add([1], "true")
      case .one(.scalar(.float)):
        add([UInt64(Float(number).bitPattern)], "\(Float(number))")
      case .one(.scalar(.double)): add([Double(number).bitPattern], "\(Double(number))")
      case .one(.scalar), .one(.enumeration): add([number], "\(number)")
      case .one(.string): add([2] + Self.text(number), "\"\(number + 10)\"")
      case .one(.bytes): add([1, number], "[\(number)]")
      case .array(.scalar), .array(.enumeration): add([1, number], "[\(number)]")
      case .array(.string): add([1, 2] + Self.text(number), "[\"\(number + 10)\"]")
      case .array(.bytes): add([1, 1, number], "[[\(number)]]")
      }
    }
  }

  private mutating func add(_ words: [UInt64], _ expected: String) {
    self.words += words
    self.expected.append(expected)
  }

  /// Two digits.
  private static func text(_ number: UInt64) -> [UInt64] {
    let digits = Array("\(number + 10)".utf8)
    return [UInt64(digits[0]) | UInt64(digits[1]) << 8]
  }

  /// The value in the form of ``expected``; an enumeration as its raw value.
  static func value(of value: Any) -> String {
    if let raw = Mirror(reflecting: value).children.first, raw.label == "rawValue" {
      return "\(raw.value)"
    }
    if let text = value as? String { return "\"\(text)\"" }
    return "\(value)"
  }
}
