import Foundation
import Testing

@testable import tracectl

/// Collections of an emitting program: its events are in the file and in the dump.
@Suite struct CollectStormTests {
  static let storm = ToolRun.directory + "/event-storm"

  let fixture: TraceFixture
  let environment: [String: String]

  init() throws {
    fixture = try TraceFixture()
    environment = [
      "TRACE_RUNTIME_DIR": fixture.path("runtime"),
      // Long timeouts: on a busy machine, a session may need longer than the programs' default.
      "TRACE_REGISTER_TIMEOUT": "30000",
    ]
  }

  private func collect(_ arguments: String...) throws -> RunningTool {
    try RunningTool(
      ["collect", "-providers", "Storm"] + arguments, environment: environment,
      in: fixture.directory)
  }

  @Test func everyEventIsInTheDump() throws {
    let collection = try collect("-mode", "block", "--", Self.storm, "--events", "50000").wait()
    #expect(collection.exitCode == 0)
    #expect(collection.errors.contains("50,000 events from event-storm"))
    #expect(collection.errors.contains("  0 lost"))
    #expect(!collection.errors.contains("\r"), "there is no terminal to draw a line on")
    let trace = fixture.path("trace.etl")
    let dump = try ToolRun("dump", trace, "-format", "csv")
    #expect(dump.output.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 50_001)
    let info = try ToolRun("info", trace)
    #expect(info.output.contains("50,000"))
    #expect(info.output.contains("event-storm"))
  }

  @Test func aRunningCollectionIsFollowedAndItsFileIsItsOwn() throws {
    let running = try collect(
      "--", Self.storm, "--events", "100000000", "--rate", "20000")
    defer { running.send(SIGKILL) }
    let trace = fixture.path("trace.etl")
    try running.waitUntil { _, _ in
      (try? ToolRun("info", trace).output.contains("Storm/Counter")) == true
    }
    let follower = try RunningTool(["dump", trace, "-follow", "-limit", "30000"])
    let followed = try follower.wait()
    #expect(followed.exitCode == 0)
    #expect(followed.lines.count == 30_000)

    let state = try ToolRun("verify", trace)
    #expect(state.exitCode == 65)
    #expect(state.output.contains("still being written"))
    let second = try collect("--", "true").wait()
    #expect(second.exitCode == 73)
    #expect(second.errors.contains("being written by another collection"))

    running.send(SIGTERM)
    let run = try running.wait()
    #expect(run.exitCode == 143)
    #expect(try ToolRun("verify", trace).exitCode == 0)
  }

  @Test func providersNamesWhatRuns() throws {
    let storm = try RunningTool(
      program: Self.storm, ["--events", "100000000", "--rate", "1000"], environment: environment)
    defer {
      storm.send(SIGKILL)
      _ = try? storm.wait()
    }
    var run = try ToolRun("providers", environment: environment)
    // The program needs some time to register.
    let deadline = Date() + RunningTool.timeout_s
    while !run.output.contains("Storm"), Date() < deadline {
      run = try ToolRun("providers", environment: environment)
    }
    #expect(run.output.contains("event-storm (\(storm.pid))"))
    #expect(run.output.contains("Counter"))

    let running = try collect("-p", "\(storm.pid)")
    try running.waitUntil { _, _ in
      (try? ToolRun("info", fixture.path("trace.etl")).output.contains("Storm/Counter")) == true
    }
    running.send(SIGINT)
    let collection = try running.wait()
    #expect(collection.exitCode == 0)
    #expect(collection.errors.contains("Storm/Counter"))
  }
}
