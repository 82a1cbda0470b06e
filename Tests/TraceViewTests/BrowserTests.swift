import Foundation
import TestSupport
import Testing
import TraceView

/// The page in a real browser: headless Chromium, driven by Browser/browser.py.
@Suite(.serialized) struct BrowserTests {
  private static let scripts = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Browser").path

  private static let browser = Requirement("chromium, chromedriver, selenium") {
    ["chromium", "chromedriver", "openssl"].allSatisfy { Requirement.program($0).isMet }
      && Requirement.succeeds("python3", "-c", "import selenium")
  }

  private static var tracectl: String {
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appending(path: "tracectl").path
  }

  @Test(.needs(browser)) func peopleSeeTheNumbersOfTheReports() throws {
    let one = try ShownTrace(blockEvents: 1024)
    let other = try ShownTrace(events: 12_000)
    let hostile = try ShownTrace(events: 2000, isHostile: true)
    let directory = TemporaryDirectory()
    let damaged = directory.path + "/damaged.etl"
    try Self.damage(one.path, to: damaged)
    try run(
      "browser.py",
      [
        one.path, "--compare", other.path, "--hostile", hostile.path, "--damaged", damaged,
      ])
  }

  private static func damage(_ path: String, to other: String) throws {
    var bytes = try Data(contentsOf: URL(filePath: path))
    let middle = bytes.count / 2
    for place in middle..<middle + 64 { bytes[place] ^= 0x55 }
    try bytes.write(to: URL(filePath: other))
  }

  /// Files of the export menu, and the sites that it opens.
  @Test(.needs(browser)) func exportsAreThoseOfTheCommand() throws {
    let shown = try ShownTrace(events: 3000)
    let directory = TemporaryDirectory()
    try run("exporting.py", [shown.path, directory.path])
  }

  /// Source lines, callers and callees, tooltips, columns of events.
  @Test(.needs(browser)) func aFunctionIsLookedAt() throws {
    let directory = TemporaryDirectory()
    let (trace, source) = (directory.path + "/t.etl", directory.path + "/work.cs")
    let text = (1...40).map { "line \($0) <b>&\u{202e}" }.joined(separator: "\n")
    try text.write(toFile: source, atomically: false, encoding: .utf8)
    try ShownTrace.writeSourced(trace, source: source)
    try run("looking.py", [trace, source])
  }

  /// Boxes, contrast, and the brightness of blocks of the window, at 1280 pixels, light and dark.
  @Test(.needs(browser)) func pageLooksAsItShould() throws {
    let shown = try ShownTrace()
    try run("layout.py", [shown.path])
  }

  @Test(.needs(browser)) func pageFollowsATraceThatIsWritten() throws {
    // Several blocks, so that its beginning has events.
    let whole = try ShownTrace(events: 400_000, blockEvents: 8192)
    let directory = TemporaryDirectory()
    try run("following.py", [whole.path, directory.path])
  }

  @Test(.needs(browser)) func aCollectionIsShownWhileItRuns() throws {
    let directory = TemporaryDirectory()
    try run("live.py", [directory.path])
  }

  private func run(_ script: String, _ arguments: [String]) throws {
    let words = ["python3", "\(Self.scripts)/\(script)", Self.tracectl] + arguments
    let child = try ChildProcess("/usr/bin/env", words)
    let code = try child.wait(seconds: 400)
    #expect(code == 0, "\(child.output.suffix(3000)) \(child.errors.suffix(3000))")
  }
}
