import Glibc
import TestSupport
import Testing

@testable import tracectl

/// Signals that a terminal sends to its jobs do not damage a trace.
@Suite struct TerminalTests {
  private let fixture: TraceFixture
  private let environment: [String: String]

  init() throws {
    fixture = try TraceFixture()
    mkdir(fixture.path("meet"), 0o700)
    environment = ["TRACE_RUNTIME_DIR": fixture.path("meet")]
  }

  /// When a terminal closes, both the kernel and the shell send SIGHUP.
  @Test func severalHangUpsEndACollectionOnce() throws {
    let output = fixture.path("hangup.etl")
    let running = try RunningTool(
      ["collect", "-providers", "Nope", "-o", output], environment: environment)
    try running.waitUntil { $1.contains("collecting into") }
    for _ in 0..<500 {
      running.send(SIGHUP)
      usleep(100)
    }
    let run = try running.wait()
    #expect(run.signal == 0 && run.exitCode == 0, "\(run.signal) \(run.errors)")
    #expect(try ToolRun("verify", output).exitCode == 0)
  }

  /// With `stty tostop`, a background job is stopped when it writes to the terminal.
  @Test func aCollectionInTheBackgroundGoesOn() throws {
    let job = "stty tostop; set -m; $tracectl collect -providers Nope -duration 300ms -o job.etl & "
    let run = try ToolRun(
      shell: "script -qec '\(job) wait %1; echo code=$?' /dev/null </dev/null",
      environment: environment, in: fixture.path(""))
    #expect(run.output.contains("code=0"), "\(run.output)")
    #expect(try ToolRun("verify", fixture.path("job.etl")).exitCode == 0)
  }
}
