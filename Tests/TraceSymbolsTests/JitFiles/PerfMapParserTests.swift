import TestSupport
import Testing

@testable import TraceSymbols

/// Perf maps in the runtimes' formats, and invalid ones.
@Suite(.randomized) struct PerfMapParserTests {
  private struct Reading: Equatable {
    var entries: [PerfMapEntry] = []
    var warnings: [JitFileWarning] = []

    init(_ text: String) { self.init(Array(text.utf8)) }

    init(_ bytes: [UInt8], chunk: () -> Int = { .max }) {
      var parser = PerfMapParser()
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = rest.prefix(max(1, chunk()))
        rest = rest.dropFirst(part.count)
        part.withUnsafeBytes { parser.parse($0) { entries.append($0) } }
      }
      #expect(parser.position == UInt64(bytes.count))
      parser.end { entries.append($0) }
      warnings = parser.warnings
    }
  }

  private func entry(_ line: String) -> PerfMapEntry? { Reading(line + "\n").entries.first }

  @Test(arguments: [
    "7fe48b8073c0 378 f", "00007FE48B8073C0 0378 f", "0x7fe48b8073c0 0x378 f",
    "0X7fe48b8073C0 0X378 f", "  7fe48b8073c0\t378  f", "7fe48b8073c0 378 f\r",
    "00000000000000007fe48b8073c0 00000000000000000378 f",
  ])
  func everyWayToWriteAnEntry(_ line: String) {
    #expect(entry(line) == PerfMapEntry(address: 0x7fe4_8b80_73c0, size: 0x378, name: "f"))
  }

  @Test func namesAreTheRestOfTheLine() {
    #expect(entry("1 2 JS:~f file:1:2")?.name == "JS:~f file:1:2")
    #expect(entry("1 2 a\tb  c ")?.name == "a\tb  c")
    #expect(entry("1 2 0x3 4")?.name == "0x3 4")
    #expect(
      entry("1 2 void [System.Private.CoreLib] X::.cctor()[PreJIT]")?.name
        == "void [System.Private.CoreLib] X::.cctor()[PreJIT]")
    #expect(entry("1 2 é")?.name == "é")
  }

  @Test(arguments: [
    "7fe48b8073c0", "7fe48b8073c0 378", "7fe48b8073c0 378 ", "xyz 1 f", "1 g f", "0x 1 f",
    "11223344556677889 1 f", "ffffffffffffffff 2 f", "-1 2 f",
    "8073c0 378 node\u{0}"
      .replacing("8073c0 378 ", with: "8073c0,378 "),
  ])
  func noEntries(_ line: String) {
    let reading = Reading("1000 10 before\n\(line)\n2000 10 after\n")
    #expect(reading.entries.map(\.name) == ["before", "after"])
    #expect(reading.warnings.map(\.kind) == [.unreadableEntries])
    #expect(reading.warnings.map(\.offset) == [15])
  }

  @Test func emptyLinesSayNothing() {
    let reading = Reading("\n\n1000 10 a\n \n\r\n2000 10 b\n")
    #expect(reading.entries.map(\.name) == ["a", "b"])
    #expect(reading.warnings == [])
  }

  @Test func theLastForAnAddressComesLast() {
    let reading = Reading("1000 10 old\n2000 10 x\n1000 20 new\n")
    #expect(reading.entries.map(\.name) == ["old", "x", "new"])
  }

  @Test func codeWithoutSizeIsNone() {
    #expect(Reading("1000 0 a\n").warnings.map(\.kind) == [.emptyCode])
  }

  @Test func aLineThatIsTornIsTakenAtTheEnd() {
    let reading = Reading("1000 10 a\n2000 10 tor")
    #expect(reading.entries.map(\.name) == ["a", "tor"])
    #expect(reading.warnings.map(\.kind) == [.tornLastLine])
    #expect(Reading("1000 10 a\n2000 1").entries.count == 1)
  }

  @Test func namesThatAreNotUTF8AreKept() {
    let reading = Reading(Array("1000 10 a".utf8) + [0xff, 0xfe, 0x0a])
    #expect(reading.entries.map(\.name) == ["a\u{10ffff}\u{10fffe}"])
    #expect(reading.warnings.isEmpty)
  }

  @Test func overlongLinesAreCut() {
    let long = String(repeating: "n", count: 1 << 20)
    let reading = Reading("1000 10 \(long)\n2000 10 b\n")
    #expect(reading.entries.map(\.name.utf8.count) == [(16 << 10) - 8, 1])
    #expect(reading.warnings.map(\.kind) == [.longNames])
  }

  @Test func theBytesMayComeCutAnywhere() {
    let text =
      "1000 10 a\n\n 0x2000 0x20 b c\r\nnonsense\n3000 0 z\n"
      + "4000 40 \(String(repeating: "y", count: 20_000))\nffffffffffffffff 9 o\n5000 50 torn"
    let bytes = Array(text.utf8)
    let whole = Reading(bytes)
    #expect(whole.entries.count == 4)
    for size in [1, 2, 3, 7, 4096, 16_384, 16_385] {
      #expect(Reading(bytes) { size } == whole)
    }
    var random = SeededGenerator()
    for _ in 0..<50 { #expect(Reading(bytes) { 1 + random.below(9000) } == whole) }
  }

  @Test func anyByteMayBeWrong() {
    let bytes = Array("7fe48b8073c0 378 f g\n7fe48b807780 37 h\n".utf8)
    for offset in bytes.indices {
      for value in UInt8.min ... .max {
        var damaged = bytes
        damaged[offset] = value
        #expect(Reading(damaged).entries.count <= 3)
      }
    }
  }
}
