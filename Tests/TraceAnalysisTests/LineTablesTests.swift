import TestSupport
import Testing
import TraceSymbols

@testable import TraceAnalysis

/// Which of the line tables announced for one start address is used for a piece of code.
@Suite(.randomized, .timeLimit(.minutes(1))) struct LineTablesTests {
  private struct Told {
    var identity: UInt64
    var time: Int64
    var line: UInt32
  }

  private func row(_ times: Range<Int64>, identity: UInt64) -> CodeRow {
    CodeRow(
      start: 0x1000, end: 0x1100, from: times.lowerBound, until: times.upperBound,
      formerEnd: times.lowerBound, identity: identity, symbol: 0, traits: [])
  }

  private func tables(_ told: [Told]) -> LineTables {
    var tables = LineTables()
    let file = tables.number(ofFile: "a.cs")
    for table in told {
      tables.add(
        [LineTables.Row(offset: 0, line: table.line, file: file)], generation: 1, start: 0x1000,
        identity: table.identity, at: table.time)
    }
    return tables
  }

  /// The definition: the table nearest to the code's lifetime among those that may belong to it.
  private func nearest(_ code: CodeRow, _ told: [Told]) -> UInt32? {
    func distance(_ table: Told) -> Int64 {
      max(code.from - table.time, table.time - code.until, 0)
    }
    return told.filter { $0.identity == code.identity || $0.identity == 0 || code.identity == 0 }
      .min { (distance($0), $0.time) < (distance($1), $1.time) }?.line
  }

  @Test(arguments: 1...50 as ClosedRange<UInt64>) func theNearestInTimeIsTaken(seed: UInt64) {
    var random = SeededGenerator(seed)
    let count = Int.random(in: 1...40, using: &random)
    let times = Array((0..<200 as Range<Int64>).shuffled(using: &random).prefix(count))
    let isOrdered = Bool.random(using: &random)
    let told = (isOrdered ? times.sorted() : times).enumerated().map { index, time in
      Told(identity: UInt64.random(in: 0...3, using: &random), time: time, line: UInt32(index + 1))
    }
    var tables = tables(told)
    for _ in 0..<100 {
      let from = Int64.random(in: -10...210, using: &random)
      let code = row(
        from..<from + Int64.random(in: 0...30, using: &random),
        identity: UInt64.random(in: 0...4, using: &random))
      let found = tables.line(code, generation: 1, offset: 4)?.line
      #expect(found == nearest(code, told), "\(code) of \(told)")
    }
  }

  /// If a lookup visited each table, this would take ten thousand million steps.
  @Test func aHundredThousandAtOneStart() {
    let count: Int64 = 100_000
    var tables = tables(
      (0..<count).map { Told(identity: 0, time: (count - $0) * 10, line: UInt32($0 + 1)) })
    for number in 0..<count {
      let time = (count - number) * 10
      let code = row(time - 1..<time + 1, identity: 7)
      #expect(tables.line(code, generation: 1, offset: 4)?.line == UInt32(number + 1))
    }
  }
}
