import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

@Suite(.randomized) struct RoundTripTests {
  static let elementTypes: [ElementType] =
    ScalarType.allCases.map { .scalar($0) } + [
      .string, .bytes, .enumeration(EnumSchema(name: "E", underlying: .int16, cases: [])),
    ]

  /// A random value of the type as record words, occasionally an extreme one.
  static func value(_ type: ElementType, _ rng: inout SeededGenerator) -> [UInt64] {
    func scalar(_ type: ScalarType) -> UInt64 {
      let extremes: [UInt64] = [0, 1, .max, 1 << 63, 1 << 31, 0x7fff_ffff, 0x80, 0xffff]
      let raw = rng.below(3) == 0 ? extremes[rng.below(extremes.count)] : rng.next()
      return type.canonical(raw)
    }
    switch type {
    case .scalar(let type): return [scalar(type)]
    case .enumeration(let schema): return [scalar(schema.underlying)]
    case .string, .bytes:
      let length = [0, 1, 7, 8, 9, 30, 300][rng.below(7)]
      let alphabet = rng.below(2) == 0 ? 2 : 256
      let bytes = (0..<length).map { _ in UInt8(rng.below(alphabet)) }
      return [UInt64(length)] + Sample.padded(bytes)
    }
  }

  static func words(_ type: FieldType, _ rng: inout SeededGenerator) -> [UInt64] {
    guard case .array(let element) = type else { return value(type.element, &rng) }
    let count = [0, 1, 2, 20][rng.below(4)]
    return [UInt64(count)] + (0..<count).flatMap { _ in value(element, &rng) }
  }

  @Test(arguments: 0..<60) func randomTracesRoundTrip(seed: UInt64) throws {
    var rng = SeededGenerator(seed)
    let schemas = (0..<1 + rng.below(6)).map { index in
      EventSchema(
        provider: "Random", id: UInt16(index), name: "Event\(index)",
        fields: (0..<rng.below(7)).map { field in
          let element = Self.elementTypes[rng.below(Self.elementTypes.count)]
          return FieldSchema("field\(field)", rng.below(4) == 0 ? .array(element) : .one(element))
        })
    }
    var ticks = [UInt64](repeating: 2000, count: 4)
    var events: [SampleEvent] = []
    for _ in 0..<rng.below(600) {
      let type = rng.below(schemas.count)
      let stream = rng.below(4)
      ticks[stream] += rng.below(4) == 0 ? 0 : UInt64(rng.below(1000))
      let hasStack = rng.below(3) == 0
      events.append(
        SampleEvent(
          ref: UInt16(type + 1), ticks: ticks[stream], stream: UInt32(stream),
          cpu: UInt16(stream % 2), process: UInt32(rng.below(3)), tid: UInt32(rng.below(5)),
          flags: (hasStack ? 2 : 0) | UInt8(rng.below(2)),
          words: schemas[type].fields.flatMap { Self.words($0.type, &rng) },
          stack: hasStack ? (0..<rng.below(6)).map { UInt64($0) << 40 | UInt64(rng.below(3)) } : [])
      )
    }
    let bytes = try Sample.bytes(blockEvents: 1 + rng.below(200)) { writer in
      for (index, schema) in schemas.enumerated() {
        try writer.define(ref: UInt16(index + 1), schema: schema)
      }
      for event in events { #expect(Sample.append(event, to: &writer)) }
    }
    let file = try TraceFile(bytes: bytes)
    #expect(file.isComplete)
    #expect(file.eventCount == UInt64(events.count))
    #expect(file.eventTypes.map(\.schema) == schemas)
    let expected = events.enumerated().sorted {
      ($0.element.ticks, $0.element.stream, $0.offset)
        < ($1.element.ticks, $1.element.stream, $1.offset)
    }
    let read = try Sample.replay(file)
    #expect(read == expected.map(\.element))
    try file.verify()
    #expect(file.damage.isEmpty)
  }

  @Test func bitsThatTheTypeDoesNotHaveAreTakenOut() throws {
    let schema = EventSchema(
      provider: "P", id: 1, name: "E",
      fields: [.init("a", .uint8), .init("b", .int16), .init("c", .bool), .init("d", .float)])
    let event = SampleEvent(
      ref: 1, ticks: 2000, stream: 0, cpu: 0, process: 0, tid: 0, flags: 0,
      words: [0x1ff, 0xffff, 0x100, 0xf_3f80_0000])
    let bytes = try Sample.bytes { writer in
      try writer.define(ref: 1, schema: schema)
      #expect(Sample.append(event, to: &writer))
    }
    let read = try Sample.replay(try TraceFile(bytes: bytes))
    #expect(read.first?.words == [0xff, .max, 1, 0x3f80_0000])
  }

  @Test func recordsThatDoNotFitTheirSchemaAreRefused() throws {
    let schema = EventSchema(
      provider: "P", id: 1, name: "E",
      fields: [.init("text", .string), .init("list", .array(.string)), .init("n", .uint8)])
    let misfits: [[UInt64]] = [
      [], [0], [0, 0], [0, 0, 1, 2], [9, 0, 0, 1], [.max, 0, 1], [0, .max, 1], [0, 1, 50, 1],
      [0, 1, .max, 1], [0, 3, 0, 0, 1],
    ]
    let bytes = try Sample.bytes { writer in
      try writer.define(ref: 1, schema: schema)
      for words in misfits {
        let event = SampleEvent(
          ref: 1, ticks: 2000, stream: 0, cpu: 0, process: 0, tid: 0, flags: 0, words: words)
        #expect(!Sample.append(event, to: &writer))
      }
      let unknown = SampleEvent(
        ref: 2, ticks: 2000, stream: 0, cpu: 0, process: 0, tid: 0, flags: 0, words: [])
      #expect(!Sample.append(unknown, to: &writer))
      #expect(writer.eventCount == 0)
    }
    #expect(try TraceFile(bytes: bytes).eventCount == 0)
  }
}
