import Testing
import TraceEvents

@testable import TraceFormat

/// Definitions are repeated in a file without an index.
@Suite struct RepetitionTests {
  @Test func damageToAnyDefinitionLosesNoEvents() throws {
    let bytes = try SmallTrace.bytes(finishing: false)
    let blocks = SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.metadata }
    #expect(blocks.count >= 3)
    for block in blocks {
      var damaged = bytes
      damaged[block.range.upperBound - 1] ^= 1
      let file = try TraceFile(bytes: damaged)
      #expect(try Sample.replay(file).count == 48, "block \(block.header.sequence)")
      #expect(file.session == Sample.session())
      #expect(file.processes.map(\.pid) == [4711])
      #expect(file.damage.map(\.rule) == [.B4])
    }
  }

  @Test func repetitionsTakeASixteenthOfTheFileAtMost() throws {
    let bytes = try Sample.bytes(blockEvents: 64, finishing: false) { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      for index in 0..<20_000 as Range<UInt64> {
        let words = [index &* 0x9e37_79b9_7f4a_7c15, index & 0xffff]
        let event = SampleEvent(
          ref: 1, ticks: 2000 + index, stream: 0, cpu: 0, process: 0, tid: 1, flags: 0,
          words: words)
        precondition(Sample.append(event, to: &writer))
      }
    }
    let metadata = SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.metadata }
    let repeated = metadata.dropFirst(2).reduce(0) { $0 + $1.range.count }
    #expect(metadata.count > 4)
    #expect(repeated - metadata[1].range.count - metadata[0].range.count < bytes.count / 16)
  }

  @Test func aFinishedFileRepeatsInItsIndexOnly() throws {
    let bytes = try Sample.bytes { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      precondition(
        Sample.append(
          SampleEvent(
            ref: 1, ticks: 2000, stream: 0, cpu: 0, process: 0, tid: 1, flags: 0, words: [1, 2]),
          to: &writer))
    }
    #expect(SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.metadata }.count == 2)
  }
}
