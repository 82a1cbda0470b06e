import Testing
import TraceEvents

@testable import TraceFormat

/// Names that a session wrote for the functions in its stacks.
@Suite struct SymbolTests {
  private func image(
    _ path: String, kind: ImageKind = .file, functions: Range<UInt64>
  ) -> ImageSymbols {
    ImageSymbols(
      kind: kind, path: path, buildID: Array(path.utf8.prefix(20)),
      functions: functions.map {
        ImageFunction(offset: $0 * 64, size: 60 - $0 % 7, name: "_ZN\(path)\($0 % 1000)")
      })
  }

  private func file(_ images: [ImageSymbols]) throws -> TraceFile {
    try TraceFile(
      bytes: Sample.bytes { writer in for image in images { writer.define(symbols: image) } })
  }

  @Test func symbolsComeBack() throws {
    var kernel = image("[kernel]", kind: .kernel, functions: 0..<20)
    for index in kernel.functions.indices {
      kernel.functions[index].offset |= 0xffff_ffff_8000_0000
    }
    kernel.buildID = []
    let images = [
      image("/usr/lib/libc.so.6", functions: 0..<300), kernel,
      image("[vdso]", kind: .vdso, functions: 0..<3),
    ]
    let file = try file(images)
    #expect(file.symbols == images)
    #expect(file.symbols == images)
    try file.verify()
    #expect(file.damage.isEmpty)
  }

  /// The byte 0xff is the character U+10FFFF in memory, and a single byte in the file.
  @Test func namesThatAreNotUTF8ComeBack() throws {
    var image = image("/bin/d\u{10ffff}", functions: 0..<1)
    image.functions[0].name = "zq\u{10ffff}zq"
    let bytes = try Sample.bytes { writer in writer.define(symbols: image) }
    let file = try TraceFile(bytes: bytes)
    #expect(file.symbols == [image])
    #expect(bytes.indices.contains { bytes[$0...].starts(with: [0x7a, 0x71, 0xff, 0x7a, 0x71]) })
  }

  @Test func manyFunctionsTakeSeveralBlocksAndOneImage() throws {
    let image = image("/usr/bin/large", functions: 0..<70_000)
    let file = try file([image])
    #expect(file.index.symbolBlocks.count > 1)
    #expect(file.symbols == [image])
    try file.verify()
    #expect(file.damage.isEmpty)
  }

  @Test func anImageToldInPartsIsOne() throws {
    let file = try file([
      image("/a", functions: 0..<2), image("/b", functions: 0..<2), image("/a", functions: 2..<4),
    ])
    #expect(file.symbols == [image("/a", functions: 0..<4), image("/b", functions: 0..<2)])
  }

  @Test func whatReadersRefuseIsCut() throws {
    var long = image("/" + String(repeating: "p", count: 5000), functions: 0..<1)
    long.buildID = Array(repeating: 1, count: 64)
    long.functions[0].name = String(repeating: "é", count: 40_000)
    var noBuild = image("/b", functions: 0..<1)
    noBuild.buildID = Array(repeating: 1, count: 65)
    let file = try file([long, noBuild, image("/none", functions: 0..<0)])
    #expect(file.symbols.count == 1)
    #expect(file.symbols.first?.path.utf8.count == 4096)
    #expect(file.symbols.first?.functions.first?.name == String(repeating: "é", count: 32_768))
    #expect(file.damage.isEmpty)
  }

  @Test func aDamagedBlockIsListedAndTheOthersRead() throws {
    let one = image("/one", functions: 0..<200)
    let two = image("/two", functions: 0..<200)
    let bytes = try Sample.bytes { writer in
      writer.define(symbols: one)
      try writer.flush()
      writer.define(symbols: two)
    }
    let blocks = SmallTrace.blocks(bytes).filter { $0.header.kind == BlockKind.symbols }
    #expect(blocks.count == 2)
    for (block, left) in zip(blocks, [two, one]) {
      for position in [block.range.upperBound - 1, block.range.lowerBound + 60] {
        var damaged = bytes
        damaged[position] ^= 4
        let file = try TraceFile(bytes: damaged)
        #expect(file.symbols == [left])
        #expect(file.damage.map(\.what) == ["damaged symbols block"])
      }
    }
  }

  @Test func everyByteChangedUnderASoundChecksum() throws {
    let bytes = try SmallTrace.bytes()
    let block = try #require(
      SmallTrace.blocks(bytes).first { $0.header.kind == BlockKind.symbols })
    for position in block.range.dropFirst(FileLayout.blockHeaderBytes) {
      for mask in [0x01, 0x80, 0xff] as [UInt8] {
        var changed = bytes
        changed[position] ^= mask
        IndexTests.seal(&changed, block)
        let file = try TraceFile(bytes: changed)
        let symbols = file.symbols
        #expect(symbols.count <= 1)
        #expect(try Sample.replay(file).count == 48)
        try file.verify()
      }
    }
  }

  @Test func theyAreThereWhileTheFileGrows() throws {
    let bytes = try SmallTrace.bytes()
    let block = try #require(
      SmallTrace.blocks(bytes).first { $0.header.kind == BlockKind.symbols })
    let source = TraceBytes(bytes: Array(bytes[..<block.range.lowerBound]), name: "growing")
    let file = try TraceFile(source: source)
    #expect(file.symbols == [])
    bytes[block.range.lowerBound...].withUnsafeBytes { source.append($0) }
    #expect(try file.refresh())
    #expect(file.symbols == [SmallTrace.symbols])
  }

  @Test func aFewBytesDoNotBecomeGigabytes() throws {
    // A quarter of a million functions that all have one long name.
    let name = [UInt8](repeating: 65, count: 60_000)
    let many: [UInt8] = [0x80, 0x80, 0x10]
    let content =
      [2, 7, 2, 0, 0xe0, 0xd4, 3, 0, 1] as [UInt8] + name + [1, 1, 0, 1, 0, 1, 0, 1] + many + many
      + [1, 0, 1, 0, 1, 1]
    var payload = [UInt8](repeating: 0, count: 8) + content
    payload.withUnsafeMutableBytes {
      $0.baseAddress!.store(word32: UInt32(content.count), at: 4)
    }
    let file = try #require(
      try SealedTrace.read(
        SealedTrace.bytes(kind: BlockKind.symbols, payload: payload, count: 1, ticks: 0...0)))
    #expect(file.damage.isEmpty)
    #expect(file.symbols.first?.functions.count == 1 << 18)
  }
}
