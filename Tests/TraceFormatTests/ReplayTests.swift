import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

/// The sample's counter as declared by a program, and by an older and a newer version of it.
private struct Counter: TraceEvent {
  var number: UInt64
  var value: UInt32

  static var eventID: UInt16 { 1 }
  static let schema = SmallTrace.counter

  func encode(into encoder: inout EventEncoder) {
    encoder.encode(number)
    encoder.encode(value)
  }

  init(from decoder: inout EventDecoder) {
    number = decoder.decode()
    value = decoder.decode()
  }
}

private struct NewerCounter: TraceEvent {
  var number: UInt64
  var value: UInt32
  var added: String
  var more: [UInt16]

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(
    provider: "Test", id: 1, version: 1, name: "Counter",
    fields: SmallTrace.counter.fields + [
      .init("added", .string), .init("more", .array(.scalar(.uint16))),
    ])

  func encode(into encoder: inout EventEncoder) {
    encoder.encode(number)
    encoder.encode(value)
    encoder.encode(added)
    encoder.encode(array: more)
  }

  init(from decoder: inout EventDecoder) {
    number = decoder.decode()
    value = decoder.decode()
    added = decoder.decode()
    more = decoder.decode(arrayOf: UInt16.self)
  }
}

private struct OlderCounter: TraceEvent {
  var number: UInt64

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(
    provider: "Test", id: 1, name: "Counter", fields: [.init("number", .uint64)])

  func encode(into encoder: inout EventEncoder) { encoder.encode(number) }
  init(from decoder: inout EventDecoder) { number = decoder.decode() }
}

private struct ChangedCounter: TraceEvent {
  var number: String

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(
    provider: "Test", id: 1, name: "Counter", fields: [.init("number", .string)])

  func encode(into encoder: inout EventEncoder) { encoder.encode(number) }
  init(from decoder: inout EventDecoder) { number = decoder.decode() }
}

@Suite(.randomized) struct ReplayTests {
  let file: TraceFile
  let events = SmallTrace.events()

  init() throws { file = try TraceFile(bytes: try SmallTrace.bytes()) }

  @Test func typedHandlersGetTheirEvents() throws {
    var seen: [(UInt64, UInt32, Int64, UInt32)] = []
    let replay = Replay(file)
    replay.on(Counter.self) { event, header in
      seen.append((event.number, event.value, header.timestamp, header.tid))
    }
    try replay.run()
    let expected = events.filter { $0.ref == 1 }
    #expect(seen.map(\.0) == expected.map { $0.words[0] })
    #expect(seen.map(\.1) == expected.map { UInt32($0.words[1]) })
    #expect(seen.map(\.2) == expected.map { Int64($0.ticks) - 1000 })
    #expect(seen.map(\.3) == expected.map(\.tid))
  }

  @Test func headersTellWhenWhereAndWho() throws {
    var first: EventHeader?
    let replay = Replay(file)
    replay.on(Counter.self) { _, header in
      first = first ?? header
    }
    try replay.run()
    let header = try #require(first)
    #expect(header.ticks == 2000)
    #expect(header.timestamp == 1000)
    #expect(header.unixNanoseconds == 1_700_000_000_000_001_000)
    #expect(header.pid == 4711)
    #expect(header.processIndex == 7)
    #expect(header.tid == 100)
    #expect(header.stack == .none)
    #expect(file.process(index: 7)?.executable == "/bin/test")
  }

  @Test func olderAndNewerReadersAgree() throws {
    var newer: [NewerCounter] = []
    var older: [OlderCounter] = []
    let replay = Replay(file)
    replay.on(NewerCounter.self) { event, _ in newer.append(event) }
    replay.on(OlderCounter.self) { event, _ in older.append(event) }
    replay.on(ChangedCounter.self) { _, _ in Issue.record("decoded a field of another type") }
    try replay.run()
    let numbers = events.filter { $0.ref == 1 }.map { $0.words[0] }
    #expect(newer.map(\.number) == numbers)
    #expect(newer.allSatisfy { $0.added.isEmpty && $0.more.isEmpty })
    #expect(older.map(\.number) == numbers)
    #expect(replay.unreadableTypes == [SmallTrace.counter])
  }

  @Test func handlersOfOneEventAreCalledInTurn() throws {
    var calls: [String] = []
    let replay = Replay(file)
    replay.on(Counter.self) { event, _ in calls.append("a\(event.number)") }
    replay.onAny { event in calls.append("b\(event.header.ticks)") }
    try replay.run()
    let expected = events.flatMap { event in
      (event.ref == 1 ? ["a\(event.words[0])"] : []) + ["b\(event.ticks)"]
    }
    #expect(calls == expected)
  }

  @Test func onlyWantedTypesAreDecoded() throws {
    // Damage the other type's section in every block, which must have no effect.
    var bytes = try SmallTrace.bytes()
    for block in SmallTrace.blocks(bytes) where block.header.kind == BlockKind.events {
      let payload = block.range.lowerBound + FileLayout.blockHeaderBytes
      let directory = try bytes.withUnsafeBytes {
        try SectionDirectory(
          UnsafeRawBufferPointer(rebasing: $0[payload..<block.range.upperBound]),
          eventCount: block.header.count)
      }
      for (entry, offset) in zip(directory.entries, directory.offsets) where entry.ref == 2 {
        for index in 0..<entry.storedBytes { bytes[payload + offset + index] = 0xee }
      }
      IndexTests.seal(&bytes, block)
    }
    let file = try TraceFile(bytes: bytes)
    var count = 0
    let replay = Replay(file)
    replay.on(Counter.self) { _, _ in count += 1 }
    try replay.run()
    #expect(count == 32)
    #expect(file.damage.isEmpty)
    #expect(try Sample.replay(file).isEmpty)
    #expect(file.damage.count == 3)
  }

  @Test func filtersByTimeTypeAndOrigin() throws {
    func read(_ change: (inout ReplayFilter) -> Void) throws -> [SampleEvent] {
      try Sample.replay(file) { change(&$0.filter) }
    }
    // Timestamps are ticks less 1000 here.
    #expect(try read { $0.time = 1100...1200 } == events.filter { 2100...2200 ~= $0.ticks })
    #expect(try read { $0.time = 1205...1205 }.isEmpty)
    #expect(try read { $0.time = .min ... .max } == events)
    #expect(try read { $0.admits = { $0.name == "Named" } } == events.filter { $0.ref == 2 })
    #expect(try read { $0.tids = [101, 103] } == events.filter { [101, 103].contains($0.tid) })
    #expect(try read { $0.pids = [4711] } == events)
    #expect(try read { $0.pids = [1] }.isEmpty)
    #expect(try read { $0.processIndexes = [7] } == events)
    let both = try read {
      $0.tids = [102]
      $0.admits = { $0.id == 1 }
    }
    #expect(both == events.filter { $0.tid == 102 && $0.ref == 1 })
  }

  @Test func aHandlerMayStopTheReplay() throws {
    var count = 0
    let replay = Replay(file)
    replay.onAny { _ in
      count += 1
      if count == 5 { throw ReplayStop() }
    }
    try replay.run()
    #expect(count == 5)
    struct Failure: Error {}
    let failing = Replay(file)
    failing.onAny { _ in throw Failure() }
    #expect(throws: Failure.self) { try failing.run() }
  }

  @Test func lossesComeWhereTheyEnd() throws {
    var order: [UInt64] = []
    var losses: [LossRecord] = []
    let replay = Replay(file)
    replay.onAny { order.append($0.header.ticks) }
    replay.onLoss {
      losses.append($0)
      order.append($0.toTicks)
    }
    try replay.run()
    #expect(losses == [SmallTrace.loss])
    #expect(order == order.sorted())
    #expect(order.count == 49)
    #expect(try file.losses() == [SmallTrace.loss])
  }

  @Test func manyStreamsInManyBlocksMergeInOrder() throws {
    var rng = SeededGenerator(77)
    // Late streams: whole blocks of one stream follow the others' in the file.
    var events: [SampleEvent] = []
    for stream in 0..<9 {
      var ticks: UInt64 = 5000
      for index in 0..<300 {
        ticks += UInt64(rng.below(20))
        events.append(
          SampleEvent(
            ref: 1, ticks: ticks, stream: UInt32(stream), cpu: UInt16(stream), process: 1,
            tid: UInt32(stream), flags: 0, words: [UInt64(index), 0]))
      }
    }
    let bytes = try Sample.bytes(blockEvents: 64) { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      for event in events { #expect(Sample.append(event, to: &writer)) }
    }
    let file = try TraceFile(bytes: bytes)
    let expected = events.enumerated().sorted {
      ($0.element.ticks, $0.element.stream, $0.offset)
        < ($1.element.ticks, $1.element.stream, $1.offset)
    }.map(\.element)
    #expect(try Sample.replay(file) == expected)

    // With too little memory, all events are delivered, and the replay reports that they are not
    // ordered.
    let replay = Replay(file)
    replay.memoryBytesMax = 1
    var count = 0
    replay.onAny { _ in count += 1 }
    try replay.run()
    #expect(count == events.count)
    #expect(!replay.isOrdered)
  }
}
