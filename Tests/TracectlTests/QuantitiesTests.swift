import Testing

@testable import tracectl

@Suite struct QuantitiesTests {
  @Test(arguments: [
    ("10s", Int64(10_000_000_000)), ("500ms", 500_000_000), ("2m", 120_000_000_000),
    ("1h30m", 5_400_000_000_000), ("1.5s", 1_500_000_000), ("3", 3_000_000_000),
    ("12.345678901", 12_345_678_901), ("7us", 7000), ("9ns", 9), ("0", 0),
  ])
  func timeSpans(text: String, nanoseconds: Int64) {
    #expect(TimeSpan(text)?.nanoseconds == nanoseconds)
  }

  @Test(arguments: ["", "s", "10x", "-1s", "1s2", "1..5s", "999999999999h", "nan", "１s", "10 s"])
  func whatIsNoTimeSpan(text: String) {
    #expect(TimeSpan(text) == nil)
  }

  @Test(arguments: [
    ("4MB", 4 << 20), ("512K", 512 << 10), ("1G", 1 << 30), ("65536", 65536), ("64KiB", 65536),
    ("1.5m", 3 << 19), ("10b", 10),
  ])
  func byteSizes(text: String, bytes: Int) {
    #expect(ByteSize(text)?.bytes == bytes)
  }

  @Test(arguments: ["", "MB", "0", "-1", "4TB", "4 MB", "1e30G", "99999999999G"])
  func whatIsNoByteSize(text: String) {
    #expect(ByteSize(text) == nil)
  }

  @Test func idLists() {
    #expect(IDList(argument: "12,13")?.ids == [12, 13])
    #expect(IDList(argument: "12")?.ids == [12])
    for text in ["", "0", "-1", "a", "1,", "99999999999"] {
      #expect(IDList(argument: text) == nil, "\(text)")
    }
  }
}
