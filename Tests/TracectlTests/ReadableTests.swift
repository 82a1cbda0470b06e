import Testing

@testable import tracectl

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
}
