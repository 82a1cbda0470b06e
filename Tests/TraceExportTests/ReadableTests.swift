import Testing
import TraceAnalysis
import TraceEvents

@testable import TraceExport

@Suite struct ReadableTests {
  @Test(arguments: [
    (UInt64(0), "0 B"), (1023, "1023 B"), (1024, "1.00 KB"), (1536, "1.50 KB"),
    (10 << 20, "10.0 MB"), (5 << 30, "5.00 GB"), (.max, "16.0 EB"),
  ])
  func bytes(count: UInt64, expected: String) {
    #expect(readableBytes(count) == expected)
  }

  @Test func numbersAreGrouped() {
    #expect(grouped(0) == "0")
    #expect(grouped(999) == "999")
    #expect(grouped(1000) == "1,000")
    #expect(grouped(12_345_678) == "12,345,678")
  }

  @Test func decimalsAreFixed() {
    #expect(fixed(1.005, decimals: 1) == "1.0")
    #expect(fixed(-0.04, decimals: 1) == "0.0")
    #expect(fixed(-1.26, decimals: 1) == "-1.3")
    #expect(fixed(2.5, decimals: 0) == "3")
    #expect(fixed(3.07, decimals: 2) == "3.07")
  }

  @Test func durations() {
    #expect(readableDuration(nanoseconds: 850_000_000) == "850 ms")
    #expect(readableDuration(nanoseconds: 1_234_000) == "1.234 ms")
    #expect(readableDuration(nanoseconds: 12_340_000_000) == "12.3 s")
    #expect(readableDuration(nanoseconds: 125_000_000_000) == "2 m 05 s")
    #expect(readableDuration(nanoseconds: 7_320_000_000_000) == "2 h 02 m")
  }

  @Test func countsAgreeWithTheirNoun() {
    #expect(counted(1, "function") == "1 function")
    #expect(counted(0, "function") == "0 functions")
    #expect(counted(1200, "EVENT", "EVENTS") == "1,200 EVENTS")
  }

  @Test func keywordsAreNamed() {
    let known = [
      KeywordSchema("GC", Keywords(rawValue: 1)), KeywordSchema("JIT", Keywords(rawValue: 0x10)),
    ]
    #expect(KeywordNames([], known).text == "-")
    #expect(KeywordNames(Keywords(rawValue: 0x11), known).text == "GC+JIT")
    #expect(KeywordNames(Keywords(rawValue: 0x101), known).text == "GC+0x100")
  }

  @Test func timesAreUTC() {
    #expect(UTCTime(unixNanoseconds: 0).text == "1970-01-01 00:00:00.000 UTC")
    let time = UTCTime(unixNanoseconds: 1_700_000_000_123_456_789)
    #expect(time.text == "2023-11-14 22:13:20.123 UTC")
    #expect(time.rfc3339Second == "2023-11-14T22:13:20")
    #expect(UTCTime(unixNanoseconds: -1).text == "1969-12-31 23:59:59.999 UTC")
  }

  @Test func extremeNumbersDoNotTrap() {
    #expect(nearestWhole(.nan) == .max && nearestWhole(.infinity) == .max)
    #expect(nearestWhole(Double(UInt64.max)) == .max && nearestWhole(-1) == 0)
    #expect(nearestWhole(2.5) == 3)
    #expect(fixed(9e14, decimals: 9) == "\(9e14)" && fixed(.nan, decimals: 1) == "nan")
  }
}
