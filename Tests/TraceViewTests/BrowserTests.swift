import Foundation
import TestSupport
import Testing
import TraceView

/// The page in a real browser: headless Chromium, driven by Browser/browser.py.
@Suite(.serialized) struct BrowserTests {
  private static let scripts = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Browser").path

  private static let browser = Requirement("chromium, chromedriver, selenium") {
    Requirement.program("chromium").isMet && Requirement.program("chromedriver").isMet
      && Requirement.succeeds("python3", "-c", "import selenium")
  }

  private static var tracectl: String {
    let tests = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appending(path: "tracectl").path
  }

  @Test(.needs(browser)) func peopleSeeTheNumbersOfTheReports() throws {
    let one = try ShownTrace()
    let other = try ShownTrace(events: 12_000)
    let hostile = try ShownTrace(events: 2000, isHostile: true)
    try run(
      "browser.py", [one.path, "--compare", other.path, "--hostile", hostile.path])
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
