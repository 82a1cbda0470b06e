import Glibc
import TestSupport
import Testing
import TraceView

/// Who gets an answer, and what every answer says to the browser.
@Suite struct ViewServerTests {
  @Test func pageNeedsTheToken() throws {
    let shown = try ShownTrace()
    #expect(try shown.get("").status == 200)
    #expect(try shown.get("").headers["content-type"] == "text/html; charset=utf-8")
    let wrong = String(shown.token.reversed()) + "0"
    for token in [wrong, "", "0", String(shown.token.dropLast()), "api"] {
      let answer = try shown.get("api/state", token: token)
      #expect(answer.status == 403 && answer.text.contains("token"), "\(token)")
    }
    #expect(shown.token.count == 32 && shown.token.allSatisfy(\.isHexDigit))
    #expect(try ShownTrace(events: 10).token != shown.token)
  }

  @Test func otherHostsAndOriginsAreRefused() throws {
    let shown = try ShownTrace(events: 100)
    let port = shown.port
    func status(_ head: String) throws -> Int { try shown.get("api/state", head: head).status }
    for host in ["127.0.0.1:\(port)", "localhost:\(port)", "LocalHost:\(port)", "[::1]:\(port)"] {
      #expect(try status("Host: \(host)\r\n") == 200, "\(host)")
      #expect(try status("Host: \(host)\r\nOrigin: http://\(host)\r\n") == 200, "\(host)")
    }
    for host in [
      "evil.example:\(port)", "127.0.0.1:1", "127.0.0.1", "localhost", "10.0.0.1:\(port)",
      "127.0.0.1.evil.example:\(port)", "localhost:\(port).evil.example", "", "a:b:\(port)",
    ] {
      #expect(try status("Host: \(host)\r\n") == 403, "\(host)")
    }
    #expect(try status("") >= 400)
    let own = "Host: 127.0.0.1:\(port)\r\n"
    #expect(try status(own + own) >= 400)
    for origin in [
      "http://evil.example", "null", "http://localhost:\(port)", "https://127.0.0.1:\(port)",
    ] {
      #expect(try status(own + "Origin: \(origin)\r\n") == 403, "\(origin)")
    }
  }

  @Test func answersForbidScriptsFromElsewhere() throws {
    let shown = try ShownTrace(events: 100)
    for path in ["", "main.js", "api/state", "api/nothing", "api/report/gc"] {
      let answer = try shown.get(path)
      let policy = answer.headers["content-security-policy"] ?? ""
      #expect(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"))
      #expect(!policy.contains("unsafe"))
      #expect(answer.headers["x-content-type-options"] == "nosniff")
      #expect(answer.headers["referrer-policy"] == "no-referrer")
      #expect(answer.headers["cache-control"] == "no-store")
      #expect(answer.headers["access-control-allow-origin"] == nil)
    }
  }

  @Test func pageIsSmallAndAsksNobodyElse() throws {
    let shown = try ShownTrace(events: 10)
    var bytes = 0
    for (name, asset) in ViewAsset.all {
      bytes += asset.bytes.count
      let text = String(decoding: asset.bytes, as: UTF8.self)
        .replacing("http://www.w3.org/2000/svg", with: "")
        // Opened by a click of the user only: BrowserTests.
        .replacing("https://profiler.firefox.com", with: "")
        .replacing("https://www.speedscope.app", with: "")
        .replacing("https://ui.perfetto.dev", with: "")
      #expect(!text.contains("http://") && !text.contains("https://"), "\(name)")
      #expect(!text.contains("innerHTML") && !text.contains("eval("), "\(name)")
      #expect(try shown.get(name).body == Array(asset.bytes), "\(name)")
      if name.hasSuffix(".html") {
        #expect(
          !text.contains("<script>") && !text.contains("style=") && !text.contains(" onclick"))
      }
    }
    #expect(bytes > 50_000 && bytes <= 300_000, "\(bytes)")
  }

  @Test func onlyReadingIsAllowed() throws {
    let shown = try ShownTrace(events: 10)
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
      #expect(try shown.get("api/state", method: method).status == 405, "\(method)")
    }
    let head = try shown.get("api/state", method: "HEAD")
    #expect(head.status == 200 && head.body.isEmpty)
  }

  @Test func errorsAreSentences() throws {
    let shown = try ShownTrace(events: 100)
    func check(_ path: String, _ status: Int, _ part: String) throws {
      let answer = try shown.get(path)
      #expect(answer.status == status, "\(path): \(answer.text)")
      #expect(answer.headers["content-type"] == "application/json")
      #expect(
        answer.text.hasPrefix("{\"error\":\"") && answer.text.contains(part), "\(answer.text)")
    }
    try check("nothing", 404, "no page")
    try check("..%2f..%2fetc/passwd", 404, "no page")
    try check("api", 404, "nothing at this address")
    try check("api/report/nothing", 404, "no report")
    try check("api/report/gc?from=x", 400, "'from'")
    try check("api/report/gc?from=9&to=1", 400, "after")
    try check("api/report/gc?format=pdf", 400, "no format")
    try check("api/report/gc?file=7", 404, "no trace number 7")
    try check("api/report/gc?pid=a", 400, "'pid'")
    try check("api/report/gc?a=%zz", 400, "hexadecimal")
    try check("api/report/gc?a=%ff", 400, "UTF-8")
    try check("api/report/requests", 422, "noActivities")
    try check("api/timeline?columns=0", 400, "'columns'")
    try check("api/timeline?columns=99999999999999999999", 400, "'columns'")
    try check("api/events?count=100000", 400, "'count'")
    try check("api/events?where=abc", 400, "not a comparison")
    try check("api/compare", 404, "only one trace")
    try check("api/report/gc?a=" + String(repeating: "a", count: 8200), 414, "longer")
  }
}
