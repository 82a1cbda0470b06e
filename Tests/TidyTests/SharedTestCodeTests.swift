import Testing

/// Shared code of tests is in Tests/TestSupport, and randomized tests report their seed.
@Suite struct SharedTestCodeTests {
  /// Signs of a second launcher or generator, and what to use instead.
  private static let marks: [(mark: String, instead: String)] = [
    ("posix_" + "spawn", "ChildProcess"), ("= Process" + "()", "ChildProcess"),
    ("System" + "RandomNumberGenerator", "SeededGenerator"),
    ("6_364_136_223_846" + "_793_005", "SeededGenerator"),
    ("0xbf58_476d" + "_1ce4_e5b9", "SeededGenerator"),
    ("func waitUntil(" + "_", "waitUntil of TestSupport"),
  ]

  /// Calls that use the system's generator unless they are given one.
  private static let choices = [
    ".random(" + "in:", ".random(" + ")", ".randomElement" + "(", ".shuffled" + "(",
    ".shuffle" + "(",
  ]

  /// The problems of a file of tests: the line, and what to do.
  static func faults(in text: String) -> [(line: Int, advice: String)] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    var found: [(Int, String)] = []
    for (index, line) in lines.enumerated() {
      for (mark, instead) in marks where line.contains(mark) {
        found.append((index + 1, "use \(instead)"))
      }
      for choice in choices where line.contains(choice) && !line.contains("using: &") {
        found.append((index + 1, "choose with a SeededGenerator"))
      }
    }
    if text.contains("SeededGenerator("), text.contains("@Test"), !text.contains(".randomized") {
      found.append((1, "give the suite the trait .randomized"))
    }
    return found
  }

  @Test func testsShareWhatTheyCan() {
    for file in Repository.files(in: ["Tests"], ending: [".swift"])
    where !file.path.hasPrefix("Tests/TestSupport/") {
      for fault in Self.faults(in: file.text) {
        Issue.record("\(file):\(fault.line): \(fault.advice)")
      }
    }
    let sample = "@Test func f() {\n  let a = Int.random(" + "in: 0...3)\n  SeededGenerator()\n}"
    #expect(Self.faults(in: sample).map(\.line) == [2, 1])
  }
}
