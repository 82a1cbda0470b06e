import Foundation
import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import tracectl

/// `-follow` of the reports: what is shown while a file grows, and how it ends.
@Suite struct FollowReportTests {
  private let directory = TemporaryDirectory()
  private var path: String { directory.path + "/t.etl" }

  private func begin() throws -> SampledTrace {
    var trace = try SampledTrace(path: path)
    trace.process(7, "/bin/shop")
    return trace
  }

  /// Adds a collection, which readers see once it is known to be complete.
  private func collect(_ trace: inout SampledTrace, _ number: UInt32) throws {
    let time = UInt64(number) * 1_000_000
    trace.add(GCSuspendBegin(reason: .forGC, count: number), at: time, pid: 7)
    trace.add(GCStart(count: number, depth: 1, reason: .induced), at: time + 1, pid: 7)
    trace.add(GCEnd(count: number, depth: 1), at: time + 500, pid: 7)
    trace.add(GCRestartEnd(), at: time + 1000, pid: 7)
    try trace.writer.flush(completeTo: SampledTrace.start + time + 1000)
  }

  /// The reports of a followed file, one JSON document each.
  @Test func documents() throws {
    var trace = try begin()
    try collect(&trace, 1)
    let running = try RunningTool(["gc", path, "-follow", "-format", "json"])
    try running.waitUntil { output, _ in output.contains("\"number\":1,") }
    try collect(&trace, 2)
    try running.waitUntil { output, _ in output.contains("\"number\":2,") }
    try collect(&trace, 3)
    try trace.finish()
    let run = try running.wait()
    #expect(run.exitCode == 0, "\(run.errors)")
    let last = try ToolRun("gc", path, "-format", "json")
    #expect(run.lines.count >= 3 && run.lines.last == last.lines.first)
    for line in run.lines {
      _ = try JSONSerialization.jsonObject(with: Data(line.utf8))
    }
  }

  /// A file or a pipe gets the last report only.
  @Test func withoutATerminal() throws {
    var trace = try begin()
    try collect(&trace, 1)
    let text = try RunningTool(["gc", path, "-follow"])
    let csv = try RunningTool(["gc", path, "-follow", "-o", directory.path + "/gc.csv"])
    usleep(300_000)
    try collect(&trace, 2)
    try trace.finish()
    #expect(try text.wait().output == ToolRun("gc", path).output)
    #expect(try csv.wait().exitCode == 0)
    let table = try String(contentsOfFile: directory.path + "/gc.csv", encoding: .utf8)
    #expect(try table == ToolRun("gc", path, "-format", "csv").output)
  }

  @Test func aSignalEndsItWithTheReport() throws {
    var trace = try begin()
    try collect(&trace, 1)
    // What follows is not known to be complete.
    trace.add(GCSuspendBegin(reason: .forGC, count: 2), at: 2_000_000, pid: 7)
    try trace.writer.flush()
    let running = try RunningTool(["gc", path, "-follow"])
    usleep(500_000)
    running.send(SIGINT)
    let run = try running.wait()
    #expect(run.exitCode == 0 && run.signal == 0, "\(run.errors)")
    #expect(run.output.contains("1 collection"), "\(run.output)")
    #expect(run.errors.contains("is not finished"), "\(run.errors)")
    let empty = try RunningTool(["jit", path, "-follow"])
    usleep(300_000)
    empty.send(SIGTERM)
    let nothing = try empty.wait()
    #expect(nothing.exitCode == 65 && nothing.errors.contains("has no compilations"))
    try trace.finish()
  }

  @Test func aFinishedFile() throws {
    var trace = try begin()
    try collect(&trace, 1)
    try trace.finish()
    for format in ["text", "json"] {
      let run = try ToolRun("gc", path, "-follow", "-format", format)
      #expect(try run.output == ToolRun("gc", path, "-format", format).output)
      #expect(run.exitCode == 0)
    }
  }

  @Test func errors() throws {
    var trace = try begin()
    try trace.finish()
    try expectOneSentence(
      of: [
        (["gc", "-", "-follow"], 64, "give the file's name"),
        (["gc", path, "-follow", "-format", "csv"], 64, "csv is a single table; omit -follow"),
        (["exceptions", path, "-follow", "-debuginfod"], 64, "-debuginfod would hold up"),
      ], environment: ["DEBUGINFOD_URLS": "http://127.0.0.1:9"])
  }

  @Test func pages() {
    let end = "\u{1b}[K"
    #expect(LiveScreen.page("a\nb\n", rows: 2) == "a\(end)\r\nb\(end)")
    #expect(LiveScreen.page("a\nb\nc\n", rows: 2) == "a\(end)\r\n… and 2 more lines\(end)")
    #expect(LiveScreen.page("a\n\nc", rows: 9) == "a\(end)\r\n\(end)\r\nc\(end)")
  }

  /// A terminal shows the report anew, and in the end has it on its normal screen.
  @Test(.needs(.program("tmux"))) func onATerminal() throws {
    var trace = try begin()
    try collect(&trace, 1)
    let terminal = try TerminalSession(
      directory.path, "\(ToolRun.tool) gc \(path) -follow; echo code=$?")
    defer { terminal.end() }
    try terminal.waitForScreen { $0.contains("1 collection") }
    #expect(!terminal.text.contains("code="))
    try collect(&trace, 2)
    try terminal.waitForScreen { $0.contains("2 collections") && !$0.contains("1 collection in") }
    terminal.type("C-c")
    try terminal.waitForScreen { $0.contains("code=0") }
    // The normal screen has the report and what was there before.
    #expect(terminal.text.contains("before\n") && terminal.text.contains("2 collections"))
    terminal.type("\(ToolRun.tool) gc \(path) -follow; echo again=$?", "Enter")
    try terminal.waitForScreen { !$0.contains("code=0") && $0.contains("2 collections") }
    try collect(&trace, 3)
    try trace.finish()
    try terminal.waitForScreen { $0.contains("again=0") && $0.contains("3 collections") }
  }
}

/// A shell in a terminal of tmux.
private struct TerminalSession {
  private let socket: String

  init(_ directory: String, _ line: String) throws {
    socket = directory + "/tmux"
    try run(["new-session", "-d", "-x", "120", "-y", "50", "env", "PS1=$ ", "bash", "--norc"])
    type("echo before; \(line)", "Enter")
  }

  @discardableResult
  private func run(_ arguments: [String]) throws -> String {
    let child = try TestSupport.ChildProcess(
      "/usr/bin/env", ["tmux", "-f", "/dev/null", "-S", socket] + arguments)
    _ = try child.wait(seconds: 20)
    return child.output
  }

  /// What the screen shows.
  var text: String { (try? run(["capture-pane", "-p"])) ?? "" }

  func type(_ keys: String...) { _ = try? run(["send-keys"] + keys) }

  func waitForScreen(_ condition: (String) -> Bool) throws {
    try TestSupport.waitUntil("the screen shows it: \(text)", seconds: 60) { condition(text) }
  }

  func end() { _ = try? run(["kill-server"]) }
}
