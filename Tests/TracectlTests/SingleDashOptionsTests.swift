import Testing

@testable import tracectl

@Suite struct SingleDashOptionsTests {
  @Test(arguments: [
    (["collect", "-providers", "GC"], ["collect", "--providers", "GC"]),
    (["--providers", "GC", "-o", "x"], ["--providers", "GC", "-o", "x"]),
    (["-pid", "3", "-p", "3", "-p12"], ["--pid", "3", "-p", "3", "-p", "12"]),
    (["-limit=5", "-limit", "-5", "-"], ["--limit=5", "--limit", "-5", "-"]),
    (["-buffer-size", "4MB", "-h", "-help"], ["--buffer-size", "4MB", "-h", "--help"]),
    (
      ["-mode", "block", "--", "java", "-version", "-p12"],
      ["--mode", "block", "--", "java", "-version", "-p12"]
    ),
    (["-1s", "-0x10"], ["-1s", "-0x10"]),
    ([], []),
  ])
  func oneDashIsTwo(given: [String], expected: [String]) {
    #expect(SingleDashOptions.normalized(given) == expected)
  }
}
