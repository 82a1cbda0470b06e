import Foundation
import Testing
import TraceEvents

@testable import TraceFormat

/// Invalid content with correct checksums. Reading must end in time; AddressSanitizer checks that
/// it stays in bounds.
@Suite struct HostileTests {
  private static let corpus = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fuzz/Corpus/file")

  private static func inputs() throws -> [(name: String, bytes: [UInt8])] {
    try FileManager.default.contentsOfDirectory(atPath: corpus.path).sorted().map { name in
      (name, try FileBytes.read(corpus.path + "/" + name))
    }
  }

  @Test func theFuzzersCorpusIsRead() throws {
    let inputs = try Self.inputs()
    #expect(inputs.count >= 15)
    for input in inputs {
      _ = try SealedTrace.read(try SealedTrace.bytes(input: input.bytes))
    }
  }

  @Test func seedsOfEventBlocksAreSound() throws {
    for input in try Self.inputs() where input.name.hasPrefix("kind2-type") {
      let file = try #require(try SealedTrace.read(try SealedTrace.bytes(input: input.bytes)))
      // The seeds are single blocks, so the stacks that they refer to are not defined.
      #expect(file.damage.allSatisfy { $0.rule == .E15 }, "\(input.name)")
      #expect(file.eventCount == 6, "\(input.name)")
    }
  }

  @Test(arguments: [0x01, 0x10, 0x80, 0xff] as [UInt8])
  func everyChangedByteUnderASoundChecksum(mask: UInt8) throws {
    for input in try Self.inputs() where input.name.hasPrefix("kind") {
      for position in input.bytes.indices.dropFirst() {
        var changed = input.bytes
        changed[position] ^= mask
        _ = try SealedTrace.read(try SealedTrace.bytes(input: changed))
      }
    }
  }

  private func column(_ values: [UInt64]) -> [UInt8] {
    var encoder = ColumnEncoder()
    var target = GrowingBuffer<UInt8>()
    if !values.isEmpty { encoder.encode(values, count: values.count, into: &target) }
    return Array(target.rawBytes)
  }

  /// An event block of one type, from its two sections.
  private func file(
    common: [UInt8], section: [UInt8], ref: UInt16 = 7, count: Int,
    ticks: ClosedRange<UInt64> = 10...20
  ) throws -> TraceFile {
    var payload = [UInt8](repeating: 0, count: 4 + 2 * SectionEntry.byteCount)
    payload.withUnsafeMutableBytes { raw in
      let base = raw.baseAddress!
      base.store(word32: 2, at: 0)
      SectionEntry(
        ref: 0, isCompressed: false, eventCount: count, storedBytes: common.count,
        rawBytes: common.count
      ).write(to: base + 4)
      SectionEntry(
        ref: ref, isCompressed: false, eventCount: count, storedBytes: section.count,
        rawBytes: section.count
      ).write(to: base + 20)
    }
    let bytes = try SealedTrace.bytes(
      kind: BlockKind.events, payload: payload + common + section, count: count, ticks: ticks)
    let file = try TraceFile(bytes: bytes)
    _ = try Sample.replay(file)
    return file
  }

  /// A common section of `count` events of one stretch and thread.
  private func common(count: Int, ticks: [UInt64]? = nil) -> [UInt8] {
    let length = column([UInt64(count)])
    return [1] + column([0]) + column([0]) + length + column([0]) + [1] + column([0])
      + column([0]) + column([0]) + [1] + column([0]) + length + [1, 0]
      + (ticks.map(column) ?? [1, 0]) + [1, 0] + [1, 0]
  }

  /// Type 7: a string, and an array of strings.
  private let texts: [UInt8] = [2, 1, 1, 3] + Array("abc".utf8)

  @Test func aSoundBlockIsRead() throws {
    let file = try file(
      common: common(count: 2), section: texts + [1, 0] + [1, 1, 2, 1, 0], count: 2)
    #expect(file.damage.isEmpty)
    #expect(
      try Sample.replay(file).map(\.words)
        == Array(repeating: [3, 0x63_6261, 1, 3, 0x63_6261], count: 2))
  }

  @Test func impossibleBlocksAreDamage() throws {
    let sound = texts + [1, 0] + [1, 1, 2, 1, 0]
    let cases: [(String, [UInt8], [UInt8])] = [
      ("bytes left over", common(count: 2) + [0], sound),
      ("bytes left over in a section", common(count: 2), sound + [0]),
      ("time beyond the header's", common(count: 2, ticks: [0, 11]), sound),
      ("time that overflows", common(count: 2, ticks: [0, .max]), sound),
      ("a stretch that begins late", common(count: 2, ticks: [1, 0]), sound),
      ("too few events", common(count: 1), sound),
      ("index beyond the texts", common(count: 2), texts + [1, 1] + [1, 1, 2, 1, 0]),
      ("element beyond the texts", common(count: 2), texts + [1, 0] + [1, 1, 2, 1, 1]),
      ("elements that do not add up", common(count: 2), texts + [1, 0] + [1, 1, 3, 1, 0]),
      ("more elements than there are", common(count: 2), texts + [1, 0] + [1, 0x7f, 2, 1, 0]),
      ("another number of fields", common(count: 2), [3] + sound.dropFirst()),
      ("texts longer than the section", common(count: 2), [2, 1, 1, 0x7f, 0x61]),
    ]
    for (name, common, section) in cases {
      let file = try file(common: common, section: section, count: 2)
      #expect(file.damage.count == 1, "\(name)")
    }
  }

  @Test func aFewBytesDoNotBecomeGigabytes() throws {
    // One text of 60,000 bytes, in arrays with a million elements.
    let long: [UInt8] = [2, 1, 1, 0xe0, 0xd4, 3] + [UInt8](repeating: 65, count: 60_000)
    let arrays: [UInt8] = [1, 0] + [1, 0xa0, 0x8d, 6] + [0xc0, 0x9a, 12, 1, 0]
    let file = try file(common: common(count: 2), section: long + arrays, count: 2)
    #expect(file.damage.count == 1)
    // Two million texts of no bytes at all.
    let empty = try self.file(
      common: common(count: 2), section: [2, 0x80, 0x89, 0x7a, 1, 0, 1, 0, 1, 0, 0], count: 2)
    #expect(empty.damage.count <= 1)
  }

  @Test func aHeaderThatClaimsTooMuchIsNotBelieved() throws {
    var bytes = try SmallTrace.bytes(finishing: false)
    let block = try #require(
      SmallTrace.blocks(bytes).last { $0.header.kind == BlockKind.events })
    for claim in [FileLayout.payloadBytesMax, FileLayout.payloadBytesMax + 1, Int(UInt32.max)] {
      var header = block.header
      header.payloadBytes = claim
      bytes.withUnsafeMutableBytes { header.write(to: $0.baseAddress! + block.range.lowerBound) }
      let file = try TraceFile(bytes: bytes)
      #expect(!file.damage.isEmpty)
      #expect(try Sample.replay(file).count == 48 - block.header.count)
    }
  }

  @Test func eventsOfAnUnknownTypeAreReported() throws {
    let file = try file(common: common(count: 2), section: [0], ref: 999, count: 2)
    #expect(file.damage.map(\.what) == ["2 events of type 999, whose schema is missing"])
  }

  @Test func aCompressedSectionThatLiesAboutItsSizeIsRefused() throws {
    var bytes = try SmallTrace.bytes()
    let blocks = SmallTrace.blocks(bytes)
    let block = try #require(blocks.first { $0.header.kind == BlockKind.metadata })
    let size = block.range.lowerBound + FileLayout.blockHeaderBytes + 4
    for claim: UInt32 in [0, 1, 1 << 20, .max] {
      bytes.withUnsafeMutableBytes {
        ($0.baseAddress! + size).storeBytes(of: claim, as: UInt32.self)
      }
      IndexTests.seal(&bytes, block)
      let file = try TraceFile(bytes: bytes)
      try file.verify()
      #expect(file.damage.count == 1)
    }
  }
}
