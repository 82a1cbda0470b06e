import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

/// Stacks as a tree: shared callers, epochs, damage, and invalid content.
@Suite(.randomized) struct StackTests {
  private func event(_ index: Int, _ stack: [UInt64]) -> SampleEvent {
    SampleEvent(
      ref: 1, ticks: 2000 + UInt64(index), stream: 0, cpu: 0, process: 0, tid: 1, flags: 2,
      words: [UInt64(index), 5], stack: stack)
  }

  private func file(_ stacks: [[UInt64]], blockEvents: Int = 65_536) throws -> [UInt8] {
    try Sample.bytes(blockEvents: blockEvents) { writer in
      try writer.define(ref: 1, schema: SmallTrace.counter)
      for (index, stack) in stacks.enumerated() {
        #expect(Sample.append(event(index, stack), to: &writer))
      }
    }
  }

  /// Stacks with shared callers, like those of samples.
  private func samples(_ count: Int, seed: UInt64, depth: Int = 30) -> [[UInt64]] {
    var rng = SeededGenerator(seed)
    var path: [UInt64] = []
    return (0..<count).map { _ in
      let kept = rng.below(path.count + 1)
      path.removeLast(path.count - max(kept, path.count - 3))
      while path.count < depth, rng.below(3) > 0 {
        path.append(0x40_0000 + UInt64(rng.below(500)) * 16)
      }
      return [0x40_0000 + rng.next() % 8192] + path.reversed()
    }
  }

  @Test(arguments: [1, 7, 65_536]) func stacksComeBack(blockEvents: Int) throws {
    let stacks = samples(500, seed: 3) + [[], [.max], [0], [0, 0, 0]]
    let read = try Sample.replay(TraceFile(bytes: file(stacks, blockEvents: blockEvents)))
    #expect(read.map(\.stack) == stacks)
  }

  @Test func callersAreSharedAndNumberedFirst() throws {
    let file = try TraceFile(bytes: file([[3, 2, 1], [4, 2, 1], [2, 1], [5, 9]]))
    var nodes: [StackNode] = []
    file.forEachStackNodes { span in
      #expect(span.firstID == StackID(rawValue: 1))
      for (parent, address) in zip(span.parents, span.addresses) {
        nodes.append(StackNode(parent: StackID(rawValue: parent), address: address))
      }
    }
    let expected: [(UInt32, UInt64)] = [(0, 1), (1, 2), (2, 3), (2, 4), (0, 9), (5, 5)]
    #expect(nodes == expected.map { StackNode(parent: StackID(rawValue: $0.0), address: $0.1) })
    #expect(file.stackNode(StackID(rawValue: 4)) == nodes[3])
    #expect(file.stackNode(.none) == nil)
    #expect(file.stackNode(StackID(rawValue: 7)) == nil)
    #expect(file.stackNode(.lost) == nil)
    #expect(file.stack(.none) == [])
    #expect(file.stack(StackID(rawValue: 7)) == [StackNode.lostAddress])
  }

  @Test func everyLostBlockCutsStacksAndMakesNoWrongOnes() throws {
    let stacks = samples(160, seed: 5)
    let bytes = try file(stacks, blockEvents: 16)
    let blocks = SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.stacks }
    #expect(blocks.count == 10)
    for lost in blocks {
      var damaged = bytes
      damaged[lost.range.upperBound - 1] ^= 1
      let file = try TraceFile(bytes: damaged)
      let read = try Sample.replay(file)
      #expect(read.count == stacks.count)
      var cut = 0
      for (event, stack) in zip(read, stacks) where event.stack != stack {
        cut += 1
        #expect(event.stack.last == StackNode.lostAddress)
        #expect(stack.starts(with: event.stack.dropLast()))
      }
      #expect(cut > 0)
      #expect(file.damage.map(\.what) == ["damaged stacks block"])
      file.forEachStackNodes { span in
        for (index, parent) in span.parents.enumerated() {
          let id = span.firstID.rawValue + UInt32(index)
          #expect(parent < id || parent == StackID.lost.rawValue)
          #expect(
            parent == 0 || parent == StackID.lost.rawValue
              || file.stackNode(StackID(rawValue: parent)) != nil)
        }
      }
    }
  }

  @Test func epochsDoNotReachBehindTheirFirstNode() throws {
    let deep = (0..<UInt64(FileLayout.stackFramesMax)).map { $0 &* 0x9e37_79b9 }
    // Each stack is new from its outermost frame on, so that few fill an epoch.
    let count = StackTable.nodesMax / deep.count + 5
    let stacks = (0..<count).map { index in deep.map { $0 &+ UInt64(index) << 40 } }
    let file = try TraceFile(bytes: file(stacks))
    #expect(file.index.stacks.entries.count == 2)
    #expect(try Sample.replay(file).map(\.stack) == stacks)
  }

  // MARK: Invalid content

  private func column(_ values: [UInt64]) -> [UInt8] {
    var encoder = ColumnEncoder()
    var target = GrowingBuffer<UInt8>()
    encoder.encode(values, count: values.count, hint: .skewed, into: &target)
    return Array(target.rawBytes)
  }

  private func block(
    first: UInt8 = 1, count: UInt8? = nil, parents: [UInt64], addresses: [UInt64]
  ) -> [UInt8] {
    let content = [first, count ?? UInt8(parents.count)] + column(parents) + column(addresses)
    return [0, 0, 0, 0, UInt8(content.count), 0, 0, 0] + content
  }

  private func file(
    _ payload: [UInt8], count: Int, _ ids: ClosedRange<UInt64>
  ) throws -> TraceFile {
    let bytes = try SealedTrace.bytes(
      kind: BlockKind.stacks, payload: payload, count: count, ticks: ids)
    return try #require(try SealedTrace.read(bytes))
  }

  @Test func aSoundBlockIsRead() throws {
    let file = try file(block(parents: [0, 1, 1], addresses: [20, 2, 3]), count: 3, 1...3)
    #expect(file.damage.isEmpty)
    #expect(file.stack(StackID(rawValue: 3)) == [9, 11, 10])
  }

  @Test func impossibleBlocksAreDamage() throws {
    let cases: [(String, [UInt8], Int, ClosedRange<UInt64>)] = [
      ("a parent before the epoch", block(parents: [0, 2], addresses: [1, 3]), 2, 1...2),
      ("a parent far before", block(parents: [0, .max], addresses: [1, 3]), 2, 1...2),
      ("another number of nodes", block(parents: [0, 1], addresses: [1, 3]), 3, 1...3),
      ("more nodes than bytes", block(count: 9, parents: [0, 1, 1], addresses: [1]), 9, 1...9),
      ("another first id", block(first: 2, parents: [0, 1], addresses: [1, 3]), 2, 1...2),
      ("bytes left over", block(parents: [0, 1], addresses: [1, 3]) + [0], 2, 1...2),
      ("no nodes", [0, 0, 0, 0, 2, 0, 0, 0, 1, 0], 0, 1...1),
      ("number 0", block(first: 0, parents: [0, 1], addresses: [1, 3]), 2, 0...1),
    ]
    for (name, payload, count, ids) in cases {
      let file = try file(payload, count: count, ids)
      #expect(file.damage.count == 1, "\(name)")
      #expect(file.stack(StackID(rawValue: 2)) == [StackNode.lostAddress], "\(name)")
    }
  }

  @Test func chainsEndAtTheLimit() throws {
    // Frames of which each calls the next.
    let count = FileLayout.nodesPerBlockMax
    var encoder = ColumnEncoder()
    var target = GrowingBuffer<UInt8>()
    target.append(varint: 1)
    target.append(varint: UInt64(count))
    let parents = [0] + [UInt64](repeating: 1, count: count - 1)
    encoder.encode(parents, count: count, hint: .skewed, into: &target)
    encoder.encode([UInt64](repeating: 2, count: count), count: count, into: &target)
    var payload = [UInt8](repeating: 0, count: 8) + Array(target.rawBytes)
    payload.withUnsafeMutableBytes {
      $0.baseAddress!.store(word32: UInt32(target.count), at: 4)
    }
    let file = try file(payload, count: count, 1...UInt64(count))
    #expect(file.damage.isEmpty)
    let stack = file.stack(StackID(rawValue: UInt32(count)))
    #expect(stack.count <= FileLayout.stackFramesMax + 1)
    #expect(stack.last == StackNode.lostAddress)
    #expect(file.stack(StackID(rawValue: 8192)).last == 1)
  }

  @Test func epochsThatOverlapAreNotBelieved() {
    var epochs = StackEpochs()
    let blocks: [(count: Int, first: UInt64, last: UInt64, fits: Bool)] = [
      (10, 1, 10, true), (5, 1, 20, true), (5, 1, 20, false), (5, 15, 30, false),
      (1, 21, 21 + 1 << 20, false), (1, 21, .max, false), (20, 21, 30, false), (0, 21, 30, false),
      (10, 21, 30, true),
    ]
    for (position, block) in blocks.enumerated() {
      let fits = epochs.append(
        position: position, count: block.count, first: block.first, last: block.last)
      #expect(fits == block.fits, "\(position)")
    }
    #expect(epochs.entries.map(\.blocks) == [[0, 1], [8]])
    #expect(epochs.position(of: 20) == 0)
    #expect(epochs.position(of: 21) == 1)
    #expect(epochs.position(of: 31) == nil)
    #expect(epochs.position(of: 0) == nil)
  }

  @Test func aLiveTraceKeepsStacksWithoutBlocks() throws {
    let live = try LiveTrace()
    let stacks = samples(300, seed: 9)
    final class Read { var stacks: [[UInt64]] = [] }
    let read = Read()
    live.replay.onAny { event in read.stacks.append(live.file.stack(event.header.stack)) }
    let bytes = try file(stacks, blockEvents: 10)
    for block in SmallTrace.blocks(bytes) {
      try bytes[block.range].withUnsafeBytes { try live.feed($0) }
    }
    #expect(read.stacks == stacks)
    #expect(live.file.blockCount == 0)
  }
}
