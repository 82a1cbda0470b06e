import TestSupport
import Testing
import TraceAnalysis
import TraceExport
import TraceFormat
import TraceView

/// Files for other tools, and who may read them.
@Suite struct ExportRouteTests {
  private static let firefox = "https://profiler.firefox.com"

  private func rendered<Subject>(_ subject: Subject, _ format: String) throws -> [UInt8] {
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    let renderer = RendererRegistry.exporters.renderer(of: Subject.self, format: format)
    try renderer?.render(subject, RenderOptions(), to: &output)
    output.flush()
    return sink.bytes
  }

  @Test func everyFormatIsThatOfTheCommand() throws {
    let shown = try ShownTrace(events: 3000)
    let file = try TraceFile(path: shown.path)
    var options = StackOptions()
    options.selection.filter.pids = [10]
    func check(_ format: String, _ expected: [UInt8]) throws {
      let answer = try shown.get("api/export?format=\(format)&pid=10&download=1")
      #expect(answer.status == 200, "\(format): \(answer.text)")
      #expect(!expected.isEmpty && answer.body == expected, "\(format)")
      let name = answer.headers["content-disposition"] ?? ""
      #expect(name.hasPrefix("attachment; filename=\"trace."), "\(format): \(name)")
    }
    // The menu has them all.
    let state = try shown.get("api/state").text
    var count = 0
    func check<Subject>(_ subject: Subject) throws {
      for format in RendererRegistry.exporters.formats(of: Subject.self) {
        try check(format.name, rendered(subject, format.name))
        #expect(state.contains("{\"name\":\"\(format.name)\","), "\(format.name)")
        count += 1
      }
    }
    try check(FlameGraph(StackPass(options).report(from: Replay(file))))
    options.detail = SourceDetail(lines: true, inlined: true)
    try check(StackProfilePass(options).report(from: Replay(file)))
    try check(TraceTimeline(file, options))
    #expect(count == 7)
  }

  @Test func whatCannotBeExportedIsSaid() throws {
    let shown = try ShownTrace(events: 300)
    for (query, status, part) in [
      ("format=pdf", 400, "'pdf'"), ("", 400, "no export"), ("format=firefox&wall=1", 400, "times"),
      ("format=folded&file=3", 404, "number 3"), ("format=folded&base=1&file=1", 404, "number 1"),
    ] {
      let answer = try shown.get("api/export?\(query)")
      #expect(answer.status == status && answer.text.contains(part), "\(query): \(answer.text)")
    }
    #expect(try shown.get("api/share?viewer=evil").status == 400)
  }

  /// Sends a request for a shared file.
  private func ask(
    _ shown: ShownTrace, _ path: String, _ headers: String, method: String = "GET"
  ) throws -> RawAnswer {
    let head = "Host: 127.0.0.1:\(shown.port)\r\n" + headers
    let bytes = try shown.raw(
      Array("\(method) \(path) HTTP/1.1\r\n\(head)Connection: close\r\n\r\n".utf8))
    return try #require(RawAnswer(bytes))
  }

  private func share(_ shown: ShownTrace, _ viewer: String = "firefox") throws -> String {
    let text = try shown.get("api/share?viewer=\(viewer)").text
    let path = text.split(separator: "\"").first { $0.hasPrefix("/shared/") }
    return try String(#require(path, "\(text)"))
  }

  @Test func onlyTheViewerReadsASharedFile() throws {
    let shown = try ShownTrace(events: 300)
    let path = try share(shown)
    #expect(!path.contains(shown.token) && path.split(separator: "/")[1].count == 32)
    let origin = "Origin: \(Self.firefox)\r\n"
    let answer = try ask(shown, path, origin)
    #expect(answer.status == 200 && answer.text.hasPrefix("{\"meta\":"))
    #expect(answer.headers["access-control-allow-origin"] == Self.firefox)
    #expect(answer.headers["cross-origin-resource-policy"] == "cross-origin")
    let asked = try ask(shown, path, origin, method: "OPTIONS")
    #expect(asked.status == 200 && asked.body.isEmpty)
    #expect(asked.headers["access-control-allow-private-network"] == "true")
    for headers in [
      "", "Origin: https://evil.example\r\n", "Origin: null\r\n", origin + origin,
      "Origin: http://profiler.firefox.com\r\n", "Origin: https://www.speedscope.app\r\n",
    ] {
      let refused = try ask(shown, path, headers)
      #expect(refused.status == 404, "\(headers)")
      #expect(refused.headers["access-control-allow-origin"] == nil)
    }
    let other = "/shared/\(path.split(separator: "/")[1].reversed().map(String.init).joined())/x"
    #expect(try ask(shown, other, origin).status == 404)
    #expect(try ask(shown, "/shared", origin).status >= 400)
    #expect(try ask(shown, path + "/..", origin).status == 404)
    #expect(try ask(shown, path, origin, method: "POST").status == 405)
    // DNS rebinding.
    let head = "Host: evil.example\r\n\(origin)Connection: close\r\n\r\n"
    let rebound = try shown.raw(Array("GET \(path) HTTP/1.1\r\n\(head)".utf8))
    #expect(RawAnswer(rebound)?.status == 403)
    // Nothing else is for the viewer, also with the token.
    let own = "Host: 127.0.0.1:\(shown.port)\r\n" + origin
    #expect(try shown.get("api/state", head: own).status == 403)
  }

  @Test func sharedFilesAreFew() throws {
    let shown = try ShownTrace(events: 100)
    let first = try share(shown)
    let later = try (0..<4).map { _ in try share(shown, "speedscope") }
    #expect(Set(later).count == 4)
    let origin = "Origin: https://www.speedscope.app\r\n"
    #expect(try ask(shown, first, "Origin: \(Self.firefox)\r\n").status == 404)
    for path in later { #expect(try ask(shown, path, origin).status == 200) }
  }
}
