import TestSupport
import Testing
import TraceFormat
import TraceView

/// `tracectl report` makes one file that needs nothing else.
@Suite struct PageReportTests {
  @Test func fileIsReadableWithoutAnythingElse() throws {
    let shown = try ShownTrace(events: 5000)
    let html = String(decoding: try PageReport.html(of: TraceFile(path: shown.path)), as: UTF8.self)
    #expect(html.hasPrefix("<!doctype html>") && html.contains("</html>"))
    #expect(!html.contains("<script") && !html.contains("http://") && !html.contains("https://"))
    #expect(!html.contains("src=") && !html.contains("url(") && !html.contains("@import"))
    for part in [
      "<h2>Summary</h2>", "<h2>Timeline</h2>", "<h2>CPU time</h2>", "excl ms", "p10", "<svg",
    ] {
      #expect(html.contains(part), "\(part)")
    }
    // 5000 events, of which 4750 are samples of a microsecond.
    #expect(html.contains(">5000</td>") && html.contains(">4.8</td>"))
  }

  @Test func hostileNamesStayText() throws {
    let shown = try ShownTrace(events: 1000, isHostile: true)
    let html = String(decoding: try PageReport.html(of: TraceFile(path: shown.path)), as: UTF8.self)
    #expect(html.contains("alert(1)"))
    #expect(!html.contains("<script") && !html.contains("<img"))
    #expect(!html.unicodeScalars.contains { $0.value == 0x202e || $0.value == 0x1b })
  }
}
