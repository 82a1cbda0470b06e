import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

/// Columns of equal values, which a block stores once or shares with other blocks.
@Suite(.randomized) struct SharedColumnsTests {
  /// A block of ``count`` events of one type from one writer, whose second field is constant.
  private static let count = FileLayout.blockEventsMax

  private static func uniformTrace() throws -> [UInt8] {
    try Sample.bytes { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      for index in 0..<count {
        let event = SampleEvent(
          ref: 1, ticks: 2000 + UInt64(index * index % 7 + index * 8), stream: 1, cpu: 1,
          process: 7, tid: 9, flags: 0, words: [UInt64(index * index), 5])
        precondition(Sample.append(event, to: &writer))
      }
    }
  }

  @Test func aUniformBlockTakesMemoryForTicksAndFieldsOnly() throws {
    let file = try TraceFile(bytes: Self.uniformTrace())
    let replay = Replay(file)
    replay.onAny { _ in }
    let routes = RouteTable(replay)
    let entry = try #require(file.index.blocks.first { $0.kind == BlockKind.events })
    var reader = BlockReader(source: file.source, fileID: file.reader.fileID)
    let block = ActiveBlock()
    try block.read(entry, routes, with: &reader)
    #expect(block.fault == nil)
    #expect(block.block.count == Self.count)
    #expect(block.memoryBytes < Self.count * 8 * 3 + (16 << 10))
    let columns = block.block.columns(of: 1)
    #expect(columns[0].word(Self.count - 1) == UInt64((Self.count - 1) * (Self.count - 1)))
    #expect(columns[1].word(0) == 5 && columns[1].word(Self.count - 1) == 5)
    // The words of a constant column are not repeated.
    #expect(columns[1].words - columns[0].words == Self.count)
  }

  /// A block object is used for blocks with and without equal values in turn.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func blocksWithAndWithoutEqualValuesAlternate(seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let blockEvents = 16
    var events: [SampleEvent] = []
    for block in 0..<40 {
      let varies = (0..<7).map { _ in Bool.random(using: &random) }
      let shared = random.below(3)
      for index in 0..<blockEvents {
        func pick(_ kind: Int, _ bound: Int) -> Int { varies[kind] ? random.below(bound) : shared }
        let isNamed = pick(0, 2) == 1
        events.append(
          SampleEvent(
            ref: isNamed ? 2 : 1, ticks: UInt64(2000 + block * 1000 + index * 10),
            stream: UInt32(index * 2 / blockEvents * (varies[1] ? 1 : 0)), cpu: 0,
            process: UInt32(pick(2, 3)), tid: UInt32(pick(3, 3)), flags: UInt8(pick(4, 2) & 1),
            words: isNamed
              ? Sample.text("name \(pick(5, 4))") : [UInt64(pick(5, 1000)), UInt64(pick(6, 4))]))
      }
    }
    let bytes = try Sample.bytes(blockEvents: blockEvents) { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      try writer.define(ref: 2, schema: SmallTrace.named)
      for event in events { #expect(Sample.append(event, to: &writer)) }
    }
    let file = try TraceFile(bytes: bytes)
    #expect(try Sample.replay(file) == events)
    #expect(try Sample.replay(file) { $0.filter.tids = [1] } == events.filter { $0.tid == 1 })
    let (from, to) = (file.timestamp(ofTicks: 9000), file.timestamp(ofTicks: 20_075))
    #expect(
      try Sample.replay(file) { $0.filter.time = from...to }
        == events.filter { (9000...20_075).contains($0.ticks) })
  }
}
