import Foundation
import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceExport
import TraceFormat

/// A file that is still being written is shown as far as it is written.
@Suite struct FollowedFileTests {
  private let directory = TemporaryDirectory()
  private let whole: [UInt8]

  init() throws {
    let finished = try ShownTrace(events: 60_000, blockEvents: 4096)
    whole = Array(try Foundation.Data(contentsOf: URL(filePath: finished.path)))
  }

  private var path: String { directory.path + "/growing.etl" }

  private func write(_ part: ArraySlice<UInt8>) throws {
    let file = fopen(path, "a")
    defer { fclose(file) }
    #expect(part.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) } == part.count)
  }

  private func json(_ shown: ShownTrace, _ address: String) throws -> [String: Any] {
    let answer = try shown.get(address)
    #expect(answer.status == 200, "\(answer.text)")
    let value = try JSONSerialization.jsonObject(with: Foundation.Data(answer.body))
    return try #require(value as? [String: Any])
  }

  private func state(_ shown: ShownTrace) throws -> (name: String?, events: Int) {
    let files = try json(shown, "api/state")["files"] as? [[String: Any]]
    return (files?.first?["state"] as? String, files?.first?["events"] as? Int ?? -1)
  }

  @Test func answersGrowWithTheFile() throws {
    var last = 0
    var written = whole.count / 4
    try write(whole[..<written])
    let shown = try ShownTrace(path: path)
    while written < whole.count {
      let state = try state(shown)
      #expect(state.name == "recording" && state.events > last, "\(state) after \(last)")
      last = state.events
      #expect(try json(shown, "api/events?count=1&event=*")["total"] as? Int == last)
      #expect(try json(shown, "api/events?row=1&count=1")["total"] as? Int == last)
      #expect(try json(shown, "api/timeline")["events"] as? Int == last)
      #expect(try json(shown, "api/report/info")["events"] as? Int == last)
      let end = min(whole.count, written + whole.count / 4)
      try write(whole[written..<end])
      written = end
    }
    let state = try state(shown)
    #expect(state.name == "complete" && state.events == 60_000)
    #expect(try json(shown, "api/events?count=1&event=*")["total"] as? Int == 60_000)
    #expect(try json(shown, "api/timeline")["is_complete"] as? Bool == true)
    #expect(try shown.get("api/report/exceptions").text == rendered())
  }

  /// The JSON of the report that a command makes of the file.
  private func rendered() throws -> String {
    let report = try ExceptionPass().report(from: Replay(TraceFile(path: path)))
    let sink = MemorySink()
    var output = OutputBuffer(sink)
    let renderer = RendererRegistry.standard.renderer(of: ExceptionReport.self, format: "json")
    try renderer?.render(report, RenderOptions(), to: &output)
    output.flush()
    return sink.text
  }

  @Test func stateSaysWhetherSomebodyWrites() throws {
    try write(whole[..<(whole.count / 2)])
    let shown = try ShownTrace(path: path)
    #expect(try state(shown).name == "recording")
    let longAgo = timeval(tv_sec: 1_000_000_000, tv_usec: 0)
    #expect(utimes(path, [longAgo, longAgo]) == 0)
    #expect(try state(shown).name == "unfinished")
    // A collection holds the lock of its file.
    let holder = open(path, O_RDWR)
    #expect(flock(holder, LOCK_EX) == 0)
    #expect(try state(shown).name == "recording")
    close(holder)
    #expect(try state(shown).name == "unfinished")
  }

  @Test func aFileThatIsReplacedIsReadAnew() throws {
    try write(whole[..<(whole.count / 2)])
    let shown = try ShownTrace(path: path)
    let first = try state(shown).events
    #expect(unlink(path) == 0)
    try write(whole[..<(whole.count / 4)])
    #expect(try state(shown).events < first)
    #expect(try json(shown, "api/report/info")["events"] as? Int ?? 0 < first)
  }
}
