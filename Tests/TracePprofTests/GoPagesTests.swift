import Foundation
import TestSupport
import Testing

/// Sources, differences and pages of `go tool pprof`.
@Suite(.needs(.program("go")), .serialized) struct GoPagesTests {
  @Test func sourcesAreListed() throws {
    let subject = try Subject()
    let list = try subject.pprof("-list=PprofSample.spin", path: "profile?seconds=1")
    #expect(list.contains(/ms +[0-9]+: +for _ in 0\.\.<count/), "\(list)")
  }

  @Test func profilesAreCompared() throws {
    let subject = try Subject()
    let base = NSTemporaryDirectory() + "pprof-\(UUID().uuidString).pb.gz"
    defer { try? FileManager.default.removeItem(atPath: base) }
    try Data(subject.get("profile?seconds=1").body).write(to: URL(fileURLWithPath: base))
    for option in ["-base", "-diff_base"] {
      let top = try subject.pprof("-top", option, base, path: "profile?seconds=1")
      #expect(top.contains("Type: cpu") && top.contains("PprofSample"), "\(top)")
    }
  }

  @Test func threadsThatCameAreADifference() throws {
    let subject = try Subject()
    let answer = try subject.get("goroutine?seconds=0.2")
    #expect(answer.status == 200)
    #expect(answer.headers["content-disposition"]?.contains("\"goroutine-delta\"") == true)
    let raw = try subject.pprof("-raw", path: "threads?seconds=0.2")
    #expect(raw.contains("threads/count") && raw.contains(/Duration: [2-9][0-9]{2}/), "\(raw)")
    #expect(try subject.get("threads?seconds=1&debug=2").status == 400)
  }

  @Test func pagesLoad() throws {
    let subject = try Subject()
    let directory = NSTemporaryDirectory() + "pprof-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    // 'go tool' would leave its child behind.
    let tools = try TestSupport.ChildProcess.output(of: "go", ["env", "GOTOOLDIR"])
      .split(separator: "\n")[0]
    let tool = try TestSupport.ChildProcess(
      "\(tools)/pprof",
      [
        "-no_browser", "-http=127.0.0.1:",
        "http://127.0.0.1:\(subject.port)/debug/pprof/profile?seconds=1",
      ],
      environment: TestSupport.ChildProcess.environment(with: ["PPROF_TMPDIR": directory]))
    try waitUntil("it serves: \(tool.errors)", seconds: 60) {
      tool.errors.contains(/Serving web UI on http:\/\/127\.0\.0\.1:[0-9]+/)
    }
    let address = try #require(
      tool.errors.firstMatch(of: /Serving web UI on http:\/\/127\.0\.0\.1:([0-9]+)/))
    let port = try #require(Int(address.output.1))
    for page in ["top", "flamegraph", "peek?f=spin"] {
      let client = try RawClient(port: port)
      defer { client.end() }
      client.send(
        Array(
          "GET /ui/\(page) HTTP/1.0\r\nHost: 127.0.0.1:\(port)\r\n\r\n".utf8))
      let answer = try #require(RawAnswer(client.readAll()))
      #expect(answer.status == 200 && answer.text.contains("spin"), "\(page): \(answer.text)")
    }
  }
}
