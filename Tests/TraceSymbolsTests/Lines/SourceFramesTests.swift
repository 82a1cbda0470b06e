import Testing

@testable import TraceSymbols

@Suite struct SourceFramesTests {
  @Test func aLinesShortNameHasNoDirectories() {
    #expect(SourceLine(file: "/src/work.c", line: 12).shortName == "work.c:12")
    #expect(SourceLine(file: "work.c", line: 1).shortName == "work.c:1")
    #expect(SourceLine(file: "file:///srv/app.js", line: 3).shortName == "app.js:3")
    #expect(SourceLine(file: "odd/", line: 3).shortName == "odd/:3")
  }

  @Test func theInnermostLineIsTheLastCalls() {
    let outer = SourceLine(file: "a.c", line: 1)
    let inner = SourceLine(file: "b.h", line: 2)
    #expect(SourceFrames(line: outer).innermost == outer)
    let frames = SourceFrames(line: outer, inlined: [InlinedFunction(name: "f", line: inner)])
    #expect(frames.innermost == inner)
  }

  @Test func theRangeThatBeginsLastIsTheInnermost() {
    var ranges = AddressRanges()
    ranges.add(10, 100, 1)
    ranges.add(20, 30, 2)
    ranges.add(20, 25, 3)
    ranges.add(50, 50, 4)
    ranges.seal()
    let values = [9, 10, 20, 25, 30, 50, 99, 100].map { ranges.innermost($0)?.value }
    #expect(values == [nil, 1, 3, 2, 1, 1, 1, nil])
    #expect(ranges.hasEnd(100))
    #expect(!ranges.hasEnd(99))
  }
}
