import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import tracectl

/// `tracectl dump` shows the names that threads had at the time of their events.
@Suite struct DumpThreadsTests {
  let fixture: TraceFixture
  let path: String

  /// Thread 11 ran before, is renamed and ends; another thread gets its tid. The process's main
  /// thread is renamed, and executes another program.
  init() throws {
    fixture = try TraceFixture()
    path = fixture.path("threads.etl")
    var trace = try SampledTrace(path: path)
    trace.process(10, "/usr/bin/java")
    trace.sample(at: 1_000_000, pid: 10, tid: 11, stack: [])
    trace.add(ThreadStart(name: "early"), at: 2_000_000, pid: 10, tid: 11, isRundown: true)
    trace.sample(at: 3_000_000, pid: 10, tid: 11, stack: [])
    trace.add(ThreadName(name: "C2 \"\u{1b}"), at: 4_000_000, pid: 10, tid: 11)
    trace.sample(at: 5_000_000, pid: 10, tid: 11, stack: [])
    trace.add(ThreadStop(name: ""), at: 6_000_000, pid: 10, tid: 11)
    trace.sample(at: 7_000_000, pid: 10, tid: 11, stack: [])
    trace.add(ThreadName(name: "main"), at: 8_000_000, pid: 10)
    trace.sample(at: 9_000_000, pid: 10, stack: [])
    trace.add(ProcessExec(name: "sh"), at: 10_000_000, pid: 10)
    trace.sample(at: 11_000_000, pid: 10, stack: [])
    try trace.finish()
  }

  @Test func textHasThemBehindTheThread() throws {
    let run = try ToolRun("dump", path, "-event", "SampledProfile")
    #expect(run.exitCode == 0)
    let origins = run.lines.map { line in
      line.components(separatedBy: "pid 10 ")[1].components(separatedBy: "  System")[0]
    }
    #expect(
      origins == [
        "tid 11 (early)", "tid 11 (early)", #"tid 11 (C2 \"\x1b)"#, "tid 11", "tid 10 (main)",
        "tid 10",
      ])
  }

  @Test func jsonHasThemAsAKey() throws {
    let run = try ToolRun("dump", path, "-event", "SampledProfile", "-format", "json")
    let names = try run.lines.map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      return object?["thread"] as? String
    }
    #expect(names == ["early", "early", "C2 \"\u{1b}", nil, "main", nil])
  }

  /// A followed file has them, too, with and without stacks.
  @Test(arguments: [[], ["-no-stacks"], ["-hold", "1ms"]])
  func followingHasThem(_ options: [String]) throws {
    let run = try RunningTool(["dump", path, "-follow", "-event", "SampledProfile"] + options)
      .wait()
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.lines.count { $0.contains("tid 11 (early)") } == 2, "\(run.output)")
    #expect(run.lines.count { $0.contains("tid 10 (main)") } == 1, "\(run.output)")
  }
}
