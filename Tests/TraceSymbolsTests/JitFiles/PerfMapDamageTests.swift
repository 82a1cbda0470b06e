import Testing

@_spi(Fuzzing) @testable import TraceSymbols

/// Perf maps with missing, duplicated and overwritten parts: all undamaged entries are found,
/// whatever is next to them.
@Suite struct PerfMapDamageTests {
  private func read(_ bytes: [UInt8]) -> [PerfMapEntry] {
    _ = bytes.withUnsafeBytes { PerfMapProbe.read($0) }
    var parser = PerfMapParser()
    var entries: [PerfMapEntry] = []
    bytes.withUnsafeBytes { parser.parse($0) { entries.append($0) } }
    parser.end { entries.append($0) }
    return entries
  }

  /// Lines in the format of each runtime.
  private static let lines = [
    "7fe48b8073c0 378 LazyCompile:*fib /a/b.js:1:13\n",
    "00007FE48B807780 0037 void A::B()[Tier0]\n",
    "0x7fe48b808000 0x10 wasm[0]::function[3]\n", " 7fe48b809000 20 with space\n",
    "7fe48b80a000 30 with return\r\n", "7fe48b80b000 40 last\n",
  ]
  private static let text = Array(lines.joined().utf8)

  /// The line that contains each byte.
  private static let owners = lines.enumerated().flatMap { index, line in
    [Int](repeating: index, count: line.utf8.count)
  }

  private static let whole = [
    "LazyCompile:*fib /a/b.js:1:13", "void A::B()[Tier0]", "wasm[0]::function[3]", "with space",
    "with return", "last",
  ]

  @Test func asItIs() { #expect(read(Self.text).map(\.name) == Self.whole) }

  @Test func anyByteMayBeWrong() {
    for place in Self.text.indices {
      for value in [0, 0x0a, 0x0d, 0x20, 0x30, 0x66, 0x78, 0x7f, 0x80, 0xff] as [UInt8] {
        var damaged = Self.text
        damaged[place] = value
        let names = Set(read(damaged).map(\.name))
        // A line feed also affects the next line.
        let hit = [Self.owners[place], Self.text[place] == 0x0a ? Self.owners[place] + 1 : -1]
        for (index, name) in Self.whole.enumerated() where !hit.contains(index) {
          #expect(names.contains(name), "byte \(place) = \(value)")
        }
      }
    }
  }

  @Test func anyStretchMayBeMissingOrTwice() {
    for start in Self.text.indices {
      for count in [1, 5, 17, 60] {
        let end = min(start + count, Self.text.count)
        var without = Self.text
        without.removeSubrange(start..<end)
        var twice = Self.text
        twice.insert(contentsOf: Self.text[start..<end], at: end)
        let hit = Self.owners[start]...Self.owners[min(end, Self.text.count - 1)]
        for damaged in [without, twice] {
          let names = Set(read(damaged).map(\.name))
          for (index, name) in Self.whole.enumerated() where !hit.contains(index) {
            #expect(names.contains(name), "\(start) + \(count)")
          }
        }
      }
    }
  }

  /// Written by two unsynchronized writers.
  @Test func linesInsideLines() {
    let outer = Array("1000 10 outer\n".utf8)
    for place in outer.indices.dropLast() {
      let bytes = outer[..<place] + Array("2000 20 inner\n".utf8) + outer[place...]
      let entries = read(Array(bytes) + Array("3000 30 after\n".utf8))
      #expect(entries.last == PerfMapEntry(address: 0x3000, size: 0x30, name: "after"))
      #expect(entries.count <= 3)
    }
  }

  @Test func numbersAtTheirLimits() {
    for (line, entry) in [
      ("ffffffffffffffff 1 f", nil),
      ("fffffffffffffffe 1 f", PerfMapEntry(address: .max - 1, size: 1, name: "f")),
      ("0 ffffffffffffffff f", nil), ("1000 -40 f", nil), ("1000 40000001 f", nil),
      ("1000 40000000 f", PerfMapEntry(address: 0x1000, size: 1 << 30, name: "f")),
      ("1 ffffffffffffffff f", nil), ("10000000000000000 1 f", nil),
      (
        "000000000000000000000000000000001 00000000000000000000000000000000000000002 f",
        PerfMapEntry(address: 1, size: 2, name: "f")
      ),
      ("0x0X1 1 f", nil), ("0x 0x f", nil), ("+1 1 f", nil), ("1,1 f", nil), ("1 1f", nil),
    ] as [(String, PerfMapEntry?)] {
      #expect(read(Array((line + "\n").utf8)) == (entry.map { [$0] } ?? []), "\(line)")
    }
  }

  /// An endless line takes no more memory than the limit, however it is split.
  @Test func aLineWithoutEnd() {
    var parser = PerfMapParser()
    let piece = [UInt8](repeating: 0x61, count: 1 << 16)
    var entries: [PerfMapEntry] = []
    Array("1000 10 ".utf8).withUnsafeBytes { parser.parse($0) { entries.append($0) } }
    for _ in 0..<2000 { piece.withUnsafeBytes { parser.parse($0) { entries.append($0) } } }
    #expect(entries.isEmpty)
    Array("\n2000 20 next\n".utf8).withUnsafeBytes { parser.parse($0) { entries.append($0) } }
    parser.end { entries.append($0) }
    #expect(entries.map(\.name.utf8.count) == [PerfMapParser.lineBytesMax - 8, 4])
    #expect(parser.warnings.map(\.kind) == [.longNames])
  }

  @Test func millionsOfLinesCostOneWarning() {
    let noise = Array(repeating: "no entry\n", count: 100_000).joined() + "1000 10 a\n"
    var parser = PerfMapParser()
    var count = 0
    Array(noise.utf8).withUnsafeBytes { parser.parse($0) { _ in count += 1 } }
    #expect(count == 1)
    #expect(parser.warnings.map(\.amount) == [100_000])
  }
}
