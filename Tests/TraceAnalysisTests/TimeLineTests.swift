import Testing

@testable import TraceAnalysis

@Suite struct TimeLineTests {
  @Test func partsGetLonger() {
    var line = TimeLine(from_ns: 1_000_000_000)
    for part in 0..<64 as Range<Int64> { line.add(at: 1_000_000_000 + part * 1_000_000) }
    #expect(line.step_ns == 1_000_000 && line.counts == Array(repeating: 1, count: 64))
    line.add(at: 1_064_000_000)
    #expect(line.step_ns == 2_000_000)
    #expect(line.counts == Array(repeating: 2, count: 32) + [1] && line.total == 65)
    line.extend(to: 1_000_000_000 + 255_999_999)
    #expect(line.step_ns == 4_000_000 && line.counts.count == 64 && line.total == 65)
    #expect(Array(line.counts.prefix(18)) == Array(repeating: 4, count: 16) + [1, 0])
  }

  @Test func anOddNumberOfParts() {
    var line = TimeLine(from_ns: 0)
    for time in [0, 1_000_000, 2_000_000] as [Int64] { line.add(at: time) }
    line.add(at: 127_000_000)
    #expect(Array(line.counts.prefix(3)) == [2, 1, 0] && line.counts.last == 1)
  }

  @Test(arguments: [Int64.min, -1, .max, .max - 1]) func anyTime(_ time: Int64) {
    var line = TimeLine(from_ns: 5)
    line.add(at: 7)
    line.add(at: time)
    #expect(line.total == 2 && line.counts.count <= TimeLine.partsMax)
  }
}
