import Testing
import TraceEvents

@testable import TraceFormat

/// A small file truncated at every length, and with every byte changed: whole blocks are read, the
/// rest is reported.
@Suite struct DamageTests {
  let bytes: [UInt8]
  let blocks: [(range: Range<Int>, header: BlockHeader)]
  let events: [SampleEvent]

  init() throws {
    bytes = try SmallTrace.bytes()
    blocks = SmallTrace.blocks(bytes)
    events = SmallTrace.events()
  }

  /// The events of the blocks that `isWhole` admits, in time order.
  private func expected(_ isWhole: (Range<Int>) -> Bool) -> [SampleEvent] {
    var start = 0
    var result: [SampleEvent] = []
    for block in blocks where block.header.kind == BlockKind.events {
      let own = events[start..<start + block.header.count]
      if isWhole(block.range) { result.append(contentsOf: own) }
      start += block.header.count
    }
    return result.sorted { ($0.ticks, $0.stream) < ($1.ticks, $1.stream) }
  }

  /// Like ``expected(_:)``, without the stacks and types defined in missing blocks.
  /// Returns the number of events.
  @discardableResult private func check(
    _ file: TraceFile, _ isWhole: (Range<Int>) -> Bool, hasIndex: Bool
  ) throws -> Int {
    let read = try Sample.replay(file)
    let knowsTypes =
      hasIndex || blocks.contains { $0.header.kind == BlockKind.metadata && isWhole($0.range) }
    let wanted = knowsTypes ? expected(isWhole) : []
    let stacks = blocks.filter { $0.header.kind == BlockKind.stacks && isWhole($0.range) }
    let all = blocks.filter { $0.header.kind == BlockKind.stacks }
    if stacks.count < all.count {
      // Which stacks are lost depends on the block; events with lost stacks are still there, and
      // the rest of a stack is the beginning of the right one.
      #expect(read.map(\.withoutStack) == wanted.map(\.withoutStack))
      for (event, wanted) in zip(read, wanted) where event.stack != wanted.stack {
        #expect(event.stack.last == StackNode.lostAddress)
        #expect(wanted.stack.starts(with: event.stack.dropLast()))
      }
    } else {
      #expect(read == wanted)
    }
    return read.count
  }

  @Test func theFileHasABitOfEverything() throws {
    let kinds = Set(blocks.map(\.header.kind))
    #expect(kinds == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(blocks.last?.range.upperBound == bytes.count)
    #expect(try Sample.replay(try TraceFile(bytes: bytes)) == expected { _ in true })
  }

  @Test func everyTruncationReadsTheWholeBlocks() throws {
    for length in 0..<bytes.count {
      let cut = Array(bytes[..<length])
      guard length >= FileLayout.fileHeaderBytes else {
        #expect(throws: FormatError.notATrace(path: "bytes")) { try TraceFile(bytes: cut) }
        continue
      }
      let file = try TraceFile(bytes: cut)
      #expect(!file.isComplete)
      let isWhole = { (range: Range<Int>) in range.upperBound <= length }
      let hasIndex = blocks.contains { $0.header.kind == BlockKind.index && isWhole($0.range) }
      try check(file, isWhole, hasIndex: hasIndex)
      let end = blocks.last { isWhole($0.range) }?.range.upperBound ?? FileLayout.fileHeaderBytes
      if end < length {
        #expect(file.damage.last?.offset == UInt64(end))
        #expect(file.damage.last?.byteCount == UInt64(length - end))
      } else {
        #expect(file.damage.isEmpty)
      }
    }
  }

  @Test(arguments: [0x01, 0x80, 0xff] as [UInt8])
  func everyFlippedByteCostsItsBlockOnly(mask: UInt8) throws {
    for position in bytes.indices {
      var flipped = bytes
      flipped[position] ^= mask
      let file = try TraceFile(bytes: flipped)
      let isWhole = { (range: Range<Int>) in !range.contains(position) }
      // The index lists all types, and is useless only if it is the damaged block.
      let isIndexWhole = blocks.allSatisfy {
        $0.header.kind != BlockKind.index || isWhole($0.range)
      }
      let count = try check(file, isWhole, hasIndex: isIndexWhole)
      try file.verify()
      #expect(file.readable.events == UInt64(count), "byte \(position)")
      let reported = file.damage.contains {
        $0.offset <= UInt64(position) && UInt64(position) < $0.offset + $0.byteCount
      }
      #expect(reported, "byte \(position) of \(bytes.count): \(file.damage)")
    }
  }

  @Test func blocksTakenOutAreCounted() throws {
    let victim = try #require(blocks.first { $0.header.kind == BlockKind.events })
    var shorter = bytes
    shorter.removeSubrange(victim.range)
    let file = try TraceFile(bytes: shorter)
    #expect(file.damage.map(\.missingBlocks) == [1])
    #expect(try Sample.replay(file) == expected { $0 != victim.range })
  }

  @Test func damageIsSkippedOverToTheNextBlock() throws {
    let victims = blocks.filter { $0.header.kind == BlockKind.events }
    var damaged = bytes
    // From inside one block's header to inside the next one's payload.
    let range = victims[0].range.lowerBound + 5..<victims[1].range.lowerBound + 60
    for position in range { damaged[position] = 0xa5 }
    damaged.removeLast(3)
    let file = try TraceFile(bytes: damaged)
    let isWhole = { (block: Range<Int>) in
      block != victims[0].range && block != victims[1].range
    }
    #expect(try Sample.replay(file) == expected(isWhole))
    let missing = file.damage.reduce(0) { $0 + $1.missingBlocks }
    let between = blocks.filter {
      $0.range.lowerBound >= victims[0].range.lowerBound
        && $0.range.lowerBound <= victims[1].range.lowerBound
    }
    // And the end block, which is truncated.
    #expect(missing == between.count + 1)
  }

  @Test func anotherFilesBlockIsNotTakenForOnesOwn() throws {
    let block = try #require(blocks.first { $0.header.kind == BlockKind.events })
    var foreign = bytes
    var header = block.header
    header.fileID ^= 1
    foreign.withUnsafeMutableBytes { header.write(to: $0.baseAddress! + block.range.lowerBound) }
    foreign.removeLast()
    let file = try TraceFile(bytes: foreign)
    #expect(try Sample.replay(file) == expected { $0 != block.range })
  }

  @Test func otherFilesAreNotTraces() {
    for bytes: [UInt8] in [[], [0], Array("#!/bin/sh\necho not a trace at all, only text\n".utf8)] {
      #expect(throws: FormatError.notATrace(path: "bytes")) { try TraceFile(bytes: bytes) }
    }
    #expect(throws: FormatError.notATrace(path: "bytes")) {
      try TraceFile(bytes: [UInt8](repeating: 0xc5, count: 100_000))
    }
    #expect(throws: FormatError.io(operation: "open", path: "/no/such", code: 2)) {
      try TraceFile(path: "/no/such")
    }
    #expect(throws: FormatError.io(operation: "read", path: "/", code: 21)) {
      try TraceFile(path: "/")
    }
  }

  @Test func aLaterMajorVersionIsRefused() {
    var later = bytes
    later.withUnsafeMutableBytes { raw in
      raw.storeBytes(of: 2, toByteOffset: 8, as: UInt16.self)
      let covered = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(raw)[0..<28])
      raw.storeBytes(of: checksum(covered), toByteOffset: 28, as: UInt32.self)
    }
    #expect(throws: FormatError.unsupportedVersion(major: 2, minor: 0)) {
      try TraceFile(bytes: later)
    }
  }
}
