import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

/// SPEC.md's examples match its text, for the reader and for the writer of this repository.
@Suite struct ConformanceTests {
  let spec: SpecExamples

  init() throws { spec = try SpecExamples() }

  private func bytes(_ name: String) throws -> [UInt8] {
    try #require(spec.bytes(name), "SPEC.md has no example \(name)")
  }

  @Test func everyExampleIsTested() {
    let tested: Set<String> = [
      "file-header", "block-header", "event-type", "stacks", "symbols", "losses", "clock", "file",
    ]
    let columns = spec.examples.filter { $0.name.hasPrefix("column ") }
    #expect(columns.count == 8)
    #expect(Set(spec.examples.map(\.name)).subtracting(columns.map(\.name)) == tested)
  }

  @Test func fileHeader() throws {
    let bytes = try bytes("file-header")
    let header = try #require(bytes.withUnsafeBytes { FileHeader($0) })
    #expect(header == FileHeader(fileID: 0x1234_5678))
    #expect(header.bytes == bytes)
  }

  @Test func blockHeader() throws {
    let bytes = try bytes("block-header")
    let header = try #require(bytes.withUnsafeBytes { BlockHeader($0, fileID: 0x1234_5678) })
    let clock = try self.bytes("clock")
    #expect(header.kind == BlockKind.clock)
    #expect(header.payloadBytes == clock.count)
    #expect(header.count == 1)
    #expect(header.sequence == 1)
    #expect(header.first == 1000)
    #expect(header.last == 1000)
    #expect(header.payloadChecksum == clock.withUnsafeBytes { checksum($0) })
    var written = [UInt8](repeating: 0xff, count: FileLayout.blockHeaderBytes)
    written.withUnsafeMutableBytes { header.write(to: $0.baseAddress!) }
    #expect(written == bytes)
  }

  @Test func columns() throws {
    for example in spec.examples where example.name.hasPrefix("column ") {
      let decoded = try example.bytes.withUnsafeBytes { raw in
        var reader = ByteReader(raw)
        let values = try reader.readColumn(count: example.values.count)
        #expect(reader.remaining == 0, "\(example.name)")
        return values
      }
      #expect(decoded == example.values, "\(example.name)")
      let hint: ColumnHint =
        switch example.name {
        case "column xor-planes": .floats
        case "column varints": .skewed
        default: .integers
        }
      var encoder = ColumnEncoder()
      var target = GrowingBuffer<UInt8>()
      example.values.withUnsafeBufferPointer {
        encoder.encode($0.baseAddress!, count: $0.count, hint: hint, into: &target)
      }
      #expect(Array(target.rawBytes) == example.bytes, "\(example.name)")
    }
  }

  @Test func eventType() throws {
    let bytes = try bytes("event-type")
    var definitions = Definitions()
    _ = try bytes.withUnsafeBytes { try definitions.absorb($0) }
    #expect(definitions.schemas == [1: ShopTrace.sale])
    var writer = ByteWriter()
    writer.appendRecord(RecordTag.event) { body in
      body.append(fixed: UInt16(1))
      ShopTrace.sale.write(to: &body)
    }
    #expect(writer.bytes == bytes)
  }

  @Test func fileAsRead() throws {
    let file = try TraceFile(bytes: try bytes("file"))
    #expect(file.isComplete)
    try file.verify()
    #expect(file.damage.isEmpty)
    #expect(file.session == ShopTrace.session)
    #expect(file.eventTypes.map(\.schema) == [ShopTrace.sale])
    #expect(file.eventTypes.map(\.count) == [4])
    #expect(file.processes == [ShopTrace.process])
    #expect(file.providers.map(\.keywords) == [[KeywordSchema("Orders", Keywords(rawValue: 1))]])
    #expect(file.clockSyncs == [ShopTrace.session.start])
    #expect(file.symbols == [ShopTrace.symbols])
    var lines: [String] = []
    let replay = Replay(file)
    replay.onAny { event in
      let header = event.header
      let item = String(decoding: event.bytes(1), as: UTF8.self)
      let stack = file.stack(header.stack).map { String($0, radix: 16) }
      lines.append(
        "\(header.ticks) \(event.word(0)) \(item) \(header.stream) \(header.pid) \(header.tid) "
          + "\(stack.joined(separator: ","))")
    }
    replay.onLoss { lines.append("\($0.toTicks) lost \($0.count)") }
    try replay.run()
    #expect(
      lines == [
        "2000 1 tea 0 77 78 ", "2005 9 pot 1 77 78 401010,402000", "2010 2 cup 0 77 78 ",
        "2025 3 tea 0 77 78 401000,402000", "2040 lost 3",
      ])
  }

  @Test func fileAsWritten() throws {
    let expected = try bytes("file")
    let written = try ShopTrace.bytes()
    let blocks = Self.blocks(written)
    let expectedBlocks = Self.blocks(expected)
    #expect(blocks.map(\.kind) == [1, 6, 1, 3, 2, 5, 4, 7, 8])
    for (block, expected) in zip(blocks, expectedBlocks)
    where ![BlockKind.metadata, BlockKind.index, BlockKind.end].contains(block.kind) {
      #expect(block.bytes == expected.bytes, "kind \(block.kind)")
    }
    // Versions of LZ4 may compress differently; the decompressed blocks must be the same.
    #expect(try contents(blocks) == contents(expectedBlocks))
  }

  @Test func partsOfTheFileAreTheExamples() throws {
    let blocks = Self.blocks(try bytes("file"))
    for (name, kind) in [("stacks", 3), ("symbols", 4), ("losses", 5), ("clock", 6)]
      as [(String, UInt8)]
    {
      let block = try #require(blocks.first { $0.kind == kind })
      let example = try bytes(name)
      #expect(Array(block.bytes.dropFirst(FileLayout.blockHeaderBytes)) == example, "\(name)")
    }
  }

  // MARK: Taking files apart

  private static func blocks(_ bytes: [UInt8]) -> [(kind: UInt8, bytes: [UInt8])] {
    var result: [(UInt8, [UInt8])] = []
    var position = FileLayout.fileHeaderBytes
    bytes.withUnsafeBytes { raw in
      while position < raw.count,
        let header = BlockHeader(UnsafeRawBufferPointer(rebasing: raw[position...]), fileID: nil)
      {
        let end = min(position + FileLayout.blockHeaderBytes + header.payloadBytes, raw.count)
        result.append((header.kind, Array(raw[position..<end])))
        position = end
      }
    }
    return result
  }

  /// The decompressed content of the metadata blocks.
  private func contents(_ blocks: [(kind: UInt8, bytes: [UInt8])]) throws -> [[UInt8]] {
    var room = GrowingBuffer<UInt8>()
    var result: [[UInt8]] = []
    for block in blocks where block.kind == BlockKind.metadata {
      let payload = Array(block.bytes.dropFirst(FileLayout.blockHeaderBytes))
      let content = try payload.withUnsafeBytes {
        Array(try PackedPayload.content(of: $0, room: &room, limit: 1 << 20))
      }
      result.append(content)
    }
    return result
  }
}
