import TestSupport
import Testing
import TraceEvents

/// Decodes one event from the words written by an encoder, like a reader of live records.
func decode<E: TraceEvent>(_: E.Type, _ words: [UInt64], fields: Int? = nil) -> E {
  let columns = Columns(words, E.schema.fields.prefix(fields ?? .max).map(\.type))
  return columns.withDecoder { E(from: &$0) }
}

func encode<E: TraceEvent>(_ event: E, capacity: Int = 1 << 16) -> (words: [UInt64], bytes: Int) {
  withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 8) { buffer in
    buffer.initializeMemory(as: UInt8.self, repeating: 0xee)
    var encoder = EventEncoder(buffer)
    event.encode(into: &encoder)
    let count = min(encoder.byteCount, capacity) / 8
    return (Array(buffer.bindMemory(to: UInt64.self)[..<count]), encoder.byteCount)
  }
}

/// A row's words split into one-row columns, the way SPEC.md's reader does it.
struct Columns {
  var words: [UInt64] = []
  var heap: [UInt64]

  init(_ record: [UInt64], _ types: [FieldType]) {
    heap = record
    var index = 0
    func skip(_ element: ElementType) {
      switch element {
      case .scalar, .enumeration: index += 1
      case .string, .bytes: index += 1 + Int(record[index] + 7) / 8
      }
    }
    for type in types {
      switch type {
      case .one(.scalar), .one(.enumeration):
        words.append(record[index])
        index += 1
      case .one:
        words.append(UInt64(index + 1) * 8 | record[index] << 32)
        skip(type.element)
      case .array:
        let count = record[index]
        index += 1
        words.append(UInt64(index) * 8 | count << 32)
        for _ in 0..<count { skip(type.element) }
      }
    }
  }

  func withDecoder<R>(_ body: (inout EventDecoder) -> R) -> R {
    words.withUnsafeBufferPointer { words in
      heap.withUnsafeBytes { heap in
        let columns = words.indices.map { FieldColumn(words: words.baseAddress! + $0, heap: heap) }
        return columns.withUnsafeBufferPointer {
          var decoder = EventDecoder(columns: $0, row: 0)
          return body(&decoder)
        }
      }
    }
  }
}

/// One field of every kind.
struct Everything: TraceEvent, Equatable {
  var a: Int8
  var b: UInt16
  var c: Int32
  var d: UInt64
  var e: Bool
  var f: Float
  var g: Double
  var h: GCReason
  var i: String
  var j: [UInt8]
  var k: [Int16]
  var l: [String]
  var m: [Double]
  var n: [[UInt8]]
  var o: [Bool]
  var p: [GCReason]

  static var eventID: UInt16 { 9 }
  static let schema = EventSchema(
    provider: "Test", id: eventID, name: "Everything",
    fields: [
      FieldSchema("a", .int8), FieldSchema("b", .uint16), FieldSchema("c", .int32),
      FieldSchema("d", .uint64), FieldSchema("e", .bool), FieldSchema("f", .float),
      FieldSchema("g", .double), FieldSchema("h", .scalar(.uint32)), FieldSchema("i", .string),
      FieldSchema("j", .bytes), FieldSchema("k", .array(.scalar(.int16))),
      FieldSchema("l", .array(.string)), FieldSchema("m", .array(.scalar(.double))),
      FieldSchema("n", .array(.bytes)), FieldSchema("o", .array(.scalar(.bool))),
      FieldSchema("p", .array(.scalar(.uint32))),
    ])

  func encode(into encoder: inout EventEncoder) {
    encoder.encode(a)
    encoder.encode(b)
    encoder.encode(c)
    encoder.encode(d)
    encoder.encode(e)
    encoder.encode(f)
    encoder.encode(g)
    encoder.encode(h)
    encoder.encode(i)
    encoder.encode(j)
    encoder.encode(array: k)
    encoder.encode(array: l)
    encoder.encode(array: m)
    encoder.encode(array: n)
    encoder.encode(array: o)
    encoder.encode(array: p)
  }

  init(from decoder: inout EventDecoder) {
    a = decoder.decode()
    b = decoder.decode()
    c = decoder.decode()
    d = decoder.decode()
    e = decoder.decode()
    f = decoder.decode()
    g = decoder.decode()
    h = decoder.decode()
    i = decoder.decode()
    j = decoder.decode()
    k = decoder.decode(arrayOf: Int16.self)
    l = decoder.decode(arrayOf: String.self)
    m = decoder.decode(arrayOf: Double.self)
    n = decoder.decode(arrayOf: [UInt8].self)
    o = decoder.decode(arrayOf: Bool.self)
    p = decoder.decode(arrayOf: GCReason.self)
  }

  init(seed: UInt64) {
    var random = SeededGenerator(seed)
    a = .random(in: .min ... .max, using: &random)
    b = .random(in: .min ... .max, using: &random)
    c = .random(in: .min ... .max, using: &random)
    d = .random(in: .min ... .max, using: &random)
    e = .random(using: &random)
    f = .random(in: -1e9...1e9, using: &random)
    g = .random(in: -1e300...1e300, using: &random)
    h = GCReason(rawValue: .random(in: 0...20, using: &random))
    i = String((0..<Int(seed % 40)).map { _ in "aé漢🙂".randomElement(using: &random)! })
    j = (0..<Int(seed % 30)).map { _ in .random(in: 0...255, using: &random) }
    k = (0..<Int(seed % 5)).map { _ in .random(in: .min ... .max, using: &random) }
    l = (0..<Int(seed % 4)).map { String(repeating: "x", count: $0 * 7) }
    m = (0..<Int(seed % 3)).map { Double($0) / 3 }
    n = (0..<Int(seed % 4)).map { [UInt8](repeating: UInt8($0), count: $0 * 5) }
    o = (0..<Int(seed % 6)).map { $0 % 2 == 0 }
    p = (0..<Int(seed % 3)).map { GCReason(rawValue: UInt32($0)) }
  }
}

@Suite(.randomized)
struct EventCodingTests {
  @Test func everyKindOfFieldComesBack() {
    for seed in 0..<500 as Range<UInt64> {
      let event = Everything(seed: seed)
      let encoded = encode(event)
      #expect(encoded.bytes == encoded.words.count * 8)
      #expect(decode(Everything.self, encoded.words) == event)
    }
  }

  @Test func paddingIsZero() {
    var event = Everything(seed: 0)
    event.i = "abc"
    let words = encode(event).words
    #expect(words[8] == 3)
    #expect(words[9] == 0x63_6261)
  }

  @Test func encoderNeverPassesItsBufferAndSaysWhatItNeeds() {
    let event = Everything(seed: 29)
    let needed = encode(event).bytes
    for capacity in stride(from: 8, through: needed + 8, by: 8) {
      withUnsafeTemporaryAllocation(byteCount: capacity + 64, alignment: 8) { buffer in
        buffer.initializeMemory(as: UInt8.self, repeating: 0xee)
        var encoder = EventEncoder(UnsafeMutableRawBufferPointer(rebasing: buffer[..<capacity]))
        event.encode(into: &encoder)
        #expect(encoder.byteCount == needed)
        #expect(encoder.isOverflowing == (capacity < needed))
        #expect(buffer[capacity...].allSatisfy { $0 == 0xee })
      }
    }
  }

  @Test func fieldsThatTheWriterDidNotHaveReadAsZeroOrEmpty() {
    let event = Everything(seed: 77)
    let decoded = decode(Everything.self, encode(event).words, fields: 4)
    #expect(decoded.d == event.d)
    #expect(decoded.i.isEmpty && decoded.j.isEmpty && decoded.k.isEmpty && decoded.g == 0)
  }

  @Test func hostileWordsAreReadInsideTheHeap() {
    var random = SeededGenerator(5)
    for _ in 0..<2000 {
      var columns = Columns(
        encode(Everything(seed: 39)).words, Everything.schema.fields.map(\.type))
      for _ in 0..<3 {
        let index = Int.random(in: 0..<columns.words.count, using: &random)
        columns.words[index] = .random(in: .min ... .max, using: &random)
        let heapIndex = Int.random(in: 0..<columns.heap.count, using: &random)
        columns.heap[heapIndex] = .random(in: .min ... .max, using: &random)
      }
      _ = columns.withDecoder { Everything(from: &$0) }
    }
  }
}
