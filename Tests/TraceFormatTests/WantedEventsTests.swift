import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

/// A block of which only the events of some types are decoded yields these events as they are among
/// all events, and is refused if and only if it is refused as a whole.
@Suite(.randomized) struct WantedEventsTests {
  private static let types = 6
  private static let eventsPerBlock = 300

  private struct Row: Equatable {
    var ticks: UInt64
    var type: UInt16
    var row: UInt32
    var origin: [UInt32]
    var flags: UInt8
    var stack: UInt32
  }

  private struct Block {
    var header: BlockHeader
    var payload: [UInt8]
    /// The bytes of the common section.
    var common: Range<Int>
  }

  /// Writes blocks in which one type is frequent, and everything else varies from seed to seed.
  private static func blocks(_ seed: UInt64) throws -> [Block] {
    var random = SeededGenerator(seed)
    var ticks: UInt64 = 2000
    let step = [4, 300, 100_000, 1 << 40][random.below(4)]
    let (rarity, writers) = (2 + random.below(40), 1 + random.below(5))
    let (run, flagged, stacks) = (1 + random.below(60), random.below(3), random.below(3))
    let bytes = try Sample.bytes(blockEvents: eventsPerBlock) { writer in
      for ref in 1...UInt16(types) {
        var schema = SmallTrace.counter
        (schema.id, schema.name) = (ref, "E\(ref)")
        try writer.define(ref: ref, schema: schema)
      }
      for index in 0..<3 * eventsPerBlock {
        ticks += UInt64(random.below(step))
        let isRare = random.below(rarity) == 0
        let depth = stacks > 0 && random.below(4) == 0 ? 1 + random.below(stacks * 3) : 0
        let event = SampleEvent(
          ref: UInt16(isRare ? 2 + random.below(types - 1) : 1), ticks: ticks,
          stream: UInt32(index / run % 2), cpu: UInt16(index / run % 2),
          process: UInt32(random.below(writers)), tid: UInt32(random.below(writers)),
          flags: (depth > 0 ? 2 : 0) | UInt8(flagged > 0 ? random.below(2) : 0),
          words: [UInt64(index), 7],
          stack: (0..<depth).map { UInt64($0 << 20 + random.below(1 << (stacks * 8))) })
        precondition(Sample.append(event, to: &writer))
      }
    }
    return try SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.events }.map {
      let payload = bytes[($0.range.lowerBound + FileLayout.blockHeaderBytes)..<$0.range.upperBound]
      return try block($0.header, Array(payload))
    }
  }

  /// Returns the block with a common section that is not compressed.
  private static func block(_ header: BlockHeader, _ payload: [UInt8]) throws -> Block {
    try payload.withUnsafeBytes { payload in
      let directory = try SectionDirectory(payload, eventCount: header.count)
      var entry = directory.entries[0]
      let start = directory.offsets[0]
      var common = Array(payload[start..<start + entry.storedBytes])
      let rest = Array(payload[(start + entry.storedBytes)...])
      if entry.isCompressed {
        let stored = common
        common = [UInt8](repeating: 0, count: entry.rawBytes)
        let isWhole = stored.withUnsafeBytes { stored in
          common.withUnsafeMutableBytes { decompress(stored, into: $0) }
        }
        #expect(isWhole)
      }
      (entry.isCompressed, entry.storedBytes) = (false, entry.rawBytes)
      var head = Array(payload[..<start])
      head.withUnsafeMutableBytes { entry.write(to: $0.baseAddress! + 4) }
      return Block(
        header: header, payload: head + common + rest, common: start..<start + common.count)
    }
  }

  /// The events of the wanted types; nil if the block is refused.
  private func events(
    _ block: Block, _ wanted: [Bool], isWhole: Bool, into target: EventBlock,
    _ room: inout EventBlock.DecodingRoom
  ) -> [Row]? {
    let isDecoded = block.payload.withUnsafeBytes { payload in
      do throws(FormatError) {
        try target.open(block.header, payload)
        try target.decodeEvents(
          block.header, payload, wanted: isWhole ? nil : wanted, &room)
        return true
      } catch {
        return false
      }
    }
    guard isDecoded else { return nil }
    var found: [Row] = []
    for stretch in target.stretches {
      for index in stretch.start..<stretch.end where wanted[Int(target.types[index])] {
        let origin = target.origins[Int(target.originIndexes[index])]
        #expect(origin.stream == stretch.stream)
        found.append(
          Row(
            ticks: target.ticks[index], type: target.types[index], row: target.rows[index],
            origin: [
              origin.stream, origin.processIndex, origin.pid, origin.tid, UInt32(origin.cpu),
            ], flags: target.flags[index], stack: target.stacks[index]))
      }
    }
    return found
  }

  @Test(arguments: 0..<60 as Range<UInt64>) func theSameEvents(seed: UInt64) throws {
    let (all, some) = (EventBlock(), EventBlock())
    var room = EventBlock.DecodingRoom()
    var random = SeededGenerator(seed)
    for block in try Self.blocks(seed) {
      let types = try block.payload.withUnsafeBytes {
        try SectionDirectory($0, eventCount: block.header.count).entries.count - 1
      }
      for _ in 0..<6 {
        let wanted = (0..<types).map { _ in random.below(3) == 0 }
        let expected = events(block, wanted, isWhole: true, into: all, &room)
        #expect(expected != nil)
        #expect(events(block, wanted, isWhole: false, into: some, &room) == expected)
        #expect(some.count == expected?.count)
      }
    }
  }

  @Test(arguments: 0..<8 as Range<UInt64>) func aChangedByte(seed: UInt64) throws {
    let (all, some) = (EventBlock(), EventBlock())
    var room = EventBlock.DecodingRoom()
    var random = SeededGenerator(seed)
    var refused = 0
    for block in try Self.blocks(seed).prefix(1) {
      let types = try block.payload.withUnsafeBytes {
        try SectionDirectory($0, eventCount: block.header.count).entries.count - 1
      }
      for position in block.common {
        var changed = block
        changed.payload[position] ^= [1, 0x80, 0xff, UInt8(1 + random.below(255))][random.below(4)]
        let wanted = (0..<types).map { $0 > 0 && random.below(2) == 0 }
        let expected = events(changed, wanted, isWhole: true, into: all, &room)
        #expect(events(changed, wanted, isWhole: false, into: some, &room) == expected)
        refused += expected == nil ? 1 : 0
      }
    }
    #expect(refused > 0)
  }

  /// A replay leaves out events where few are wanted, and delivers the same.
  @Test(arguments: [0, 1]) func aReplay(threads: Int) throws {
    let bytes = try Sample.bytes(blockEvents: 500) { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      try writer.define(ref: 2, schema: SmallTrace.named)
      for index in 0..<5000 {
        let event = SampleEvent(
          ref: index % 50 == 49 ? 2 : 1, ticks: 2000 + UInt64(index / 3),
          stream: UInt32(index / 70 % 3), cpu: 0, process: UInt32(index / 11 % 4),
          tid: UInt32(index % 5), flags: 0,
          words: index % 50 == 49 ? Sample.text("\(index)") : [UInt64(index), 1])
        precondition(Sample.append(event, to: &writer))
      }
    }
    let all = try Sample.replay(TraceFile(bytes: bytes)).filter { $0.ref == 2 }
    let some = try Sample.replay(TraceFile(bytes: bytes)) {
      $0.decodingThreads = threads
      $0.filter.admits = { $0.name == "Named" }
    }
    #expect(all.count == 100 && some == all)
  }
}
