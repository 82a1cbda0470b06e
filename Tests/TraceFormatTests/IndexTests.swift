import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

@Suite struct IndexTests {
  /// The same file without its index and end, so that a reader must scan it.
  private func withoutIndex(_ bytes: [UInt8]) throws -> [UInt8] {
    let index = try #require(
      SmallTrace.blocks(bytes).first { $0.header.kind == BlockKind.index })
    return Array(bytes[..<index.range.lowerBound])
  }

  @Test func indexAndScanSayTheSame() throws {
    let bytes = try SmallTrace.bytes()
    let indexed = try TraceFile(bytes: bytes)
    let scanned = try TraceFile(bytes: try withoutIndex(bytes))
    #expect(indexed.isComplete)
    #expect(!scanned.isComplete)
    #expect(indexed.index.blocks == scanned.index.blocks)
    #expect(indexed.index.eventTotals == scanned.index.eventTotals)
    #expect(indexed.session == scanned.session)
    #expect(indexed.eventTypes.map(\.schema) == scanned.eventTypes.map(\.schema))
    #expect(indexed.eventTypes.map(\.count) == scanned.eventTypes.map(\.count))
    #expect(indexed.providers == scanned.providers)
    #expect(indexed.processes == scanned.processes)
    #expect(indexed.lossTotals == scanned.lossTotals)
    #expect(indexed.clockSyncs == scanned.clockSyncs)
    #expect(indexed.ticksRange == scanned.ticksRange)
    #expect(indexed.durationNanoseconds == scanned.durationNanoseconds)
    #expect(try Sample.replay(indexed) == Sample.replay(scanned))
  }

  @Test func openingReadsHeaderTailAndIndexOnly() throws {
    // Damage everything between: with an index, this is not detected before a replay.
    var bytes = try SmallTrace.bytes()
    let blocks = SmallTrace.blocks(bytes)
    let index = try #require(blocks.first { $0.header.kind == BlockKind.index })
    for position in FileLayout.fileHeaderBytes..<index.range.lowerBound { bytes[position] = 0 }
    let file = try TraceFile(bytes: bytes)
    #expect(file.isComplete)
    #expect(file.damage.isEmpty)
    #expect(file.eventCount == 48)
    #expect(file.eventTypes.map(\.count) == [32, 16])
    #expect(file.processes.map(\.pid) == [4711])
    #expect(file.processes.first?.arguments == ["a", "b"])
    #expect(file.processes.first?.endTicks == 2470)
    #expect(file.lossTotals.map(\.count) == [17])
    #expect(file.session == Sample.session())
    #expect(file.providers.map(\.name) == ["Test"])
    #expect(file.providers.first?.keywords.map(\.name) == ["All"])
    #expect(try Sample.replay(file) == [])
    // Every block before the index is damaged; blocks that no handler needs are checked, too.
    #expect(
      file.damage.count == blocks.filter { $0.range.upperBound <= index.range.lowerBound }.count)
  }

  @Test func anIndexThatSpeaksNonsenseIsNotBelieved() throws {
    // A correct checksum over invalid content: the blocks themselves are read.
    let bytes = try SmallTrace.bytes()
    let blocks = SmallTrace.blocks(bytes)
    let index = try #require(blocks.first { $0.header.kind == BlockKind.index })
    for position in index.range.dropFirst(FileLayout.blockHeaderBytes) {
      var changed = bytes
      changed[position] ^= 0x55
      Self.seal(&changed, index)
      let file = try TraceFile(bytes: changed)
      _ = try Sample.replay(file)
      try file.verify()
    }
  }

  /// Corrects the checksums of a changed block.
  static func seal(_ bytes: inout [UInt8], _ block: (range: Range<Int>, header: BlockHeader)) {
    bytes.withUnsafeMutableBytes { raw in
      var header = block.header
      let payload = block.range.dropFirst(FileLayout.blockHeaderBytes)
      header.payloadChecksum = checksum(
        UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(raw)[payload]))
      header.write(to: raw.baseAddress! + block.range.lowerBound)
    }
  }

  @Test func blocksOfUnknownKindsAreSkipped() throws {
    let bytes = try withoutIndex(try SmallTrace.bytes())
    let blocks = SmallTrace.blocks(bytes)
    var result = Array(bytes[..<FileLayout.fileHeaderBytes])
    for (position, block) in blocks.enumerated() {
      var header = block.header
      header.sequence = UInt32(position * 2)
      var own = Array(bytes[block.range])
      own.withUnsafeMutableBytes { header.write(to: $0.baseAddress!) }
      result += own
      let payload: [UInt8] = [1, 2, 3]
      var unknown = [UInt8](repeating: 0, count: FileLayout.blockHeaderBytes) + payload
      let unknownHeader = BlockHeader(
        fileID: header.fileID, kind: 200, payloadBytes: 3, count: 9,
        sequence: UInt32(position * 2 + 1), first: 0, last: 0,
        payloadChecksum: payload.withUnsafeBytes { checksum($0) })
      unknown.withUnsafeMutableBytes { unknownHeader.write(to: $0.baseAddress!) }
      result += unknown
    }
    let file = try TraceFile(bytes: result)
    #expect(file.damage.isEmpty)
    #expect(try Sample.replay(file).count == 48)
  }

  @Test func aFileIsReadableWhileItGrows() throws {
    let bytes = try SmallTrace.bytes()
    let directory = TemporaryDirectory()
    let path = directory.path + "/growing.etl"
    var read: [SampleEvent] = []
    var file: TraceFile?
    var replay: Replay?
    for length in stride(from: 40, through: bytes.count, by: 97) + [bytes.count] {
      try FileBytes.write(Array(bytes[..<length]), to: path)
      if let file {
        _ = try file.refresh()
      } else {
        let opened = try TraceFile(path: path)
        let live = Replay(opened)
        live.onAny { event in
          let type = opened.eventTypes[event.typeIndex]
          read.append(
            SampleEvent(
              ref: type.ref, ticks: event.header.ticks, stream: event.header.stream,
              cpu: event.header.cpu, process: event.header.processIndex, tid: event.header.tid,
              flags: event.header.flags.rawValue, words: Sample.words(of: event, type.schema),
              stack: opened.stack(event.header.stack)))
        }
        file = opened
        replay = live
      }
      try replay?.run()
    }
    #expect(file?.isComplete == true)
    #expect(file?.damage.isEmpty == true)
    #expect(read == SmallTrace.events())
  }

  @Test func aLiveTraceHandsOutWhatTheFileHas() throws {
    let live = try LiveTrace()
    var count = 0
    var stacks: Set<[UInt64]> = []
    var losses: [LossRecord] = []
    live.replay.onAny { event in
      count += 1
      stacks.insert(live.file.stack(event.header.stack))
    }
    live.replay.onLoss { losses.append($0) }
    let bytes = try SmallTrace.bytes()
    for block in SmallTrace.blocks(bytes) {
      try bytes[block.range].withUnsafeBytes { try live.feed($0) }
    }
    #expect(count == 48)
    #expect(stacks == Set(SmallTrace.events().map(\.stack)))
    #expect(losses == [SmallTrace.loss])
    #expect(live.file.damage.isEmpty)
    #expect(live.file.session == Sample.session())
  }
}

private func + (a: StrideThrough<Int>, b: [Int]) -> [Int] { Array(a) + b }
