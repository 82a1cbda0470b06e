import Foundation
import TestSupport
import Testing
import TraceView

/// The page in a real browser: headless Chromium, driven by Browser/browser.py.
@Suite(.serialized) struct BrowserTests {
  private static let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Browser/browser.py").path

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
    let child = try ChildProcess(
      "/usr/bin/env",
      [
        "python3", Self.script, Self.tracectl, one.path, "--compare", other.path, "--hostile",
        hostile.path,
      ])
    let code = try child.wait(seconds: 300)
    #expect(code == 0, "\(child.output.suffix(3000)) \(child.errors.suffix(3000))")
  }
}
