import Testing

@testable import TraceSession

/// The reader of the kernel's records gives way to others, and does not fall behind by that.
@Suite struct ReaderTurnsTests {
  /// Counts how often others ran in a round of records, each time for so long.
  private func turns(_ records: Int, each wait: UInt64, isHurried: Bool = false) -> Int {
    var turns = ReaderTurns(isHurried: isHurried)
    var (count, now) = (0, UInt64(0))
    for _ in 0..<records {
      turns.next(
        yield: {
          count += 1
          now += wait
          return 0
        }, clock: { now })
    }
    return count
  }

  @Test func othersRunAfterEachPortion() {
    #expect(turns(ReaderTurns.portion - 1, each: 0) == 0)
    #expect(turns(ReaderTurns.portion, each: 0) == 1)
    #expect(turns(100 * ReaderTurns.portion, each: 1000) == 100)
  }

  @Test func othersDoNotHoldUpTheReader() {
    #expect(turns(100 * ReaderTurns.portion, each: 3_000_000) == 7)
    #expect(turns(100 * ReaderTurns.portion, each: .max) == 1)
    #expect(turns(100 * ReaderTurns.portion, each: 0, isHurried: true) == 0)
  }
}
