import Testing

@testable import tracectl

@Suite struct TimePointTests {
  @Test(arguments: [
    ("2023-11-14T22:13:20Z", Int64(1_700_000_000_000_000_000)),
    ("2023-11-14 22:13:20.123 UTC", 1_700_000_000_123_000_000),
    ("2023-11-14T22:13:20.123456789", 1_700_000_000_123_456_789),
    ("2023-11-14T23:13:20+01:00", 1_700_000_000_000_000_000),
    ("2023-11-14T18:43:20-0330", 1_700_000_000_000_000_000),
    ("2023-11-14 22:13", 1_699_999_980_000_000_000),
  ])
  func momentsOfTheWallClock(text: String, unixNanoseconds: Int64) {
    #expect(TimePoint(text) == .wallClock(unixNanoseconds: unixNanoseconds))
  }

  @Test func timesSinceTheStart() {
    #expect(TimePoint("500ms") == .sinceStart(nanoseconds: 500_000_000))
    #expect(TimePoint("12.5") == .sinceStart(nanoseconds: 12_500_000_000))
  }

  @Test(arguments: ["2023-13-14T22:13:20Z", "2023-11-14", "22:13", "2023-11-14T22:13:20+1", "x"])
  func whatIsNoTime(text: String) { #expect(TimePoint(text) == nil) }

  @Test func dumpKnowsTheWallClock() throws {
    let fixture = try TraceFixture()
    let small = try fixture.small()
    let some = try ToolRun(
      "dump", small, "-from", "2023-11-14T22:13:20.000002Z", "-to",
      "2023-11-14 22:13:20.000003 UTC", "-utc")
    #expect(some.exitCode == 0, "\(some.errors)")
    #expect(
      some.lines.map { $0.prefix(30) } == [
        "2023-11-14T22:13:20.000002000Z", "2023-11-14T22:13:20.000003000Z",
      ])
    let late = try ToolRun("dump", small, "-from", "2023-11-14T22:13:21Z", "-format", "json")
    #expect(late.lines.count == 1)
    #expect(late.output.contains(#","utc":"2023-11-14T22:13:22.000000000Z","#))
    try expectOneSentence(of: [
      (
        ["dump", small, "-from", "2023-11-14T22:13:20Z", "-to", "2023-11-14T22:13:19Z"], 64,
        "-from is after -to"
      ),
      (["dump", small, "-from", "2023-11-14T22:13:25Z", "-to", "1s"], 64, "-from is after -to"),
      (["dump", small, "-utc", "-format", "csv"], 64, "unix_ns"),
    ])
  }
}
