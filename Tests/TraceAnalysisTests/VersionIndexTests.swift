import TestSupport
import Testing

@testable import TraceAnalysis

@Suite(.randomized) struct VersionIndexTests {
  /// Rows whose times differ by less than the index's coarse times can show, and by much more.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func coarseTimesDoNotChangeAnswers(seed: UInt64) {
    var random = SeededGenerator(seed)
    let rows = Slab<CodeRow>()
    let first = [Int64.min + 2, -(1 << 50), 0, 1 << 40].randomElement(using: &random)!
    var time = first
    var times: [Int64] = []
    for number in 0..<400 as Range<UInt32> {
      let isNear = Int.random(in: 0..<4, using: &random) > 0
      time += isNear ? Int64.random(in: 1...3, using: &random) : .random(in: 1...1 << 42)
      let start = UInt64.random(in: 0..<64, using: &random)
      var row = CodeRow(
        start: start, end: start + .random(in: 1...16, using: &random), from: time, until: .max,
        formerEnd: .min, identity: 0, symbol: number, traits: [])
      if number == 0 { row.from = .min }
      for former in 0..<Int(number)
      where rows[former].isLive && rows[former].start < row.end && row.start < rows[former].end {
        rows[former].end(at: time)
      }
      _ = rows.append(row)
      times += [time - 1, time, time + 1]
    }
    let index = VersionIndex(rows: rows, own: Array(0..<400))
    for time in times + [.min, first, .max] {
      let address = UInt64.random(in: 0..<80, using: &random)
      let owners = (0..<400).filter { rows[$0].start <= address && address < rows[$0].end }
      let last = owners.last { rows[$0].from <= time }
      let isLive = last.map { rows[$0].until > time } ?? false
      let found = index.neighbours(of: address, at: time)
      #expect(found.exact == (isLive ? last.map { UInt32($0) } : nil) ?? CodeRow.none)
      #expect(found.before == (isLive ? nil : last.map { UInt32($0) }) ?? CodeRow.none)
      let next = owners.first { rows[$0].from > time }
      #expect(found.after == next.map { UInt32($0) } ?? CodeRow.none)
    }
  }

  /// A trace may have millions of methods.
  @Test func aMethodTakesFewBytes() {
    let map = CodeMap()
    let count = 100_000
    for number in 0..<count {
      let name = map.names.intern("m\(number)", module: 0, source: .provider)
      let code = CodeAnnouncement(
        start: UInt64(number % 25_000) * 64, size: 64, identity: UInt64(number), symbol: name)
      map.load(code, .provider, pid: 1, at: Int64(number) * 1_000_000)
    }
    map.seal()
    // Per method: the row (64 bytes), the symbol (16), its name and slots (21), the index (8); per
    // address, which four methods share: the index (20).
    #expect(map.memoryBytes < count * 120)
  }
}
