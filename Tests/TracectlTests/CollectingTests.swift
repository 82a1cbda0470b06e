import Glibc
import Testing
import TraceFormat

@testable import tracectl

@Suite struct CollectingTests {
  @Test func endingsAreExitCodes() {
    #expect(TracedProgram.Ending(status: 3 << 8).exitCode == 3)
    #expect(TracedProgram.Ending(status: 0).exitCode == 0)
    #expect(TracedProgram.Ending(status: SIGKILL).exitCode == 137)
    #expect(TracedProgram.Ending(status: SIGSEGV | 0x80).exitCode == 139)
  }

  @Test func commandsAreFoundByPath() throws {
    #expect(try TracedProgram.find("sh", path: "/nowhere:/bin:/usr/bin") == "/bin/sh")
    #expect(try TracedProgram.find("/bin/sh", path: "") == "/bin/sh")
    #expect(throws: Failure.self) { try TracedProgram.find("no-such-command", path: "/bin") }
    let missing = #expect(throws: Failure.self) { try TracedProgram.find("./nowhere", path: "") }
    #expect(missing?.status == .commandNotFound)
    let directory = #expect(throws: Failure.self) { try TracedProgram.find("/tmp", path: "") }
    #expect(directory?.status == .commandNotRunnable)
  }

  @Test func aCommandIsStartedAndItsEndIsSeen() throws {
    var mask = sigset_t()
    sigemptyset(&mask)
    var child = try TracedProgram(
      program: "/bin/sh", arguments: ["sh", "-c", "exit 7"], signalMask: mask)
    while !child.hasEnded() { usleep(1000) }
    #expect(child.ending == .exited(code: 7))
  }

  /// What to do about a command that cannot run depends on the reason.
  @Test func aCommandWithTooManyArgumentsIsNotCalledNotExecutable() {
    var mask = sigset_t()
    sigemptyset(&mask)
    let long = String(repeating: "x", count: 1 << 20)
    let failure = #expect(throws: Failure.self) {
      try TracedProgram(program: "/bin/true", arguments: ["true", long], signalMask: mask)
    }
    #expect(failure?.status == .commandNotRunnable)
    #expect(failure?.nextStep?.contains("arguments") == true)
    func advice(_ code: CInt) -> String {
      TracedProgram.notRunnable("x", code: code).nextStep ?? ""
    }
    #expect(advice(EAGAIN).contains("ulimit -u"))
    #expect(advice(EACCES).contains("executable"))
  }

  @Test func progressSaysRateAndLosses() {
    let last = CollectProgress(
      elapsed_ns: 1_000_000_000, events: 1000, bytes: 10, lost: 0, processes: 1)
    var now = CollectProgress(
      elapsed_ns: 3_000_000_000, events: 5000, bytes: 2048, lost: 0, processes: 1)
    #expect(
      ProgressLine.text(now, since: last)
        == "3 s  5,000 events (2,000/s)  2.00 KB  0 lost  1 process")
    now.lost = 1234
    now.processes = 2
    #expect(
      ProgressLine.text(now, since: last)
        == "3 s  5,000 events (2,000/s)  2.00 KB  *** 1,234 LOST ***  2 processes")
    now.lossCertainty = .unreliable
    #expect(ProgressLine.text(now, since: last).contains("*** 1,234 LOST, NOT RELIABLE ***"))
    now.lossCertainty = .atLeast
    #expect(ProgressLine.text(now, since: last).contains("*** AT LEAST 1,234 LOST ***"))
    now.lost = 0
    #expect(ProgressLine.text(now, since: last).contains("*** AT LEAST 0 LOST ***"))
  }

  @Test func theSummarySaysLossesLoudly() throws {
    let fixture = try TraceFixture()
    let file = try TraceFile(path: try fixture.small())
    let lines = CollectSummary(file).lines
    #expect(lines[0].contains("5 events from java (1234), shop (1300) in 2.0 s"))
    #expect(lines.contains("  2  Runtime/GCStart"))
    #expect(lines.contains { $0.hasPrefix("*** 12 EVENTS WERE LOST") })
    let full = CollectSummary(file, unwritten: 3).lines
    #expect(full.contains { $0.contains("15 EVENTS WERE LOST") && $0.contains("3 not written") })
  }

  /// A trace with losses of these causes.
  private func lossy(_ causes: [LossCause], in fixture: TraceFixture) throws -> String {
    let path = fixture.path("lossy.etl")
    var writer = try TraceWriter(path: path, session: TraceFixture.session)
    try fixture.define(in: &writer)
    for cause in causes {
      writer.loss(
        LossRecord(
          stream: 0, cpu: 0, cause: cause, count: 1000, fromTicks: TraceFixture.start,
          toTicks: TraceFixture.start + 1))
    }
    try writer.finish()
    return path
  }

  @Test func theAdviceFitsTheCause() throws {
    let fixture = try TraceFixture()
    func advises(_ text: String, _ causes: LossCause...) throws -> Bool {
      let file = try TraceFile(path: try lossy(causes, in: fixture))
      return CollectSummary(file).lines.contains { $0.contains(text) }
    }
    #expect(try advises("larger -buffer-size", .bufferFull))
    #expect(try !advises("larger -buffer-size", .kernelBufferFull))
    #expect(try !advises("larger -buffer-size", .runtimeBufferFull))
    #expect(try advises("larger -buffer-size", .bufferFull, .runtimeBufferFull))
    #expect(try advises("ask the runtime for fewer events", .bufferFull, .runtimeBufferFull))
    #expect(try advises("TRACE_REGISTER_TIMEOUT", .tooEarly))
  }

  @Test func whatAFlightRecorderOverwritesIsNoAlarm() throws {
    let fixture = try TraceFixture()
    let path = try lossy([.overwritten], in: fixture)
    let lines = CollectSummary(try TraceFile(path: path)).lines
    #expect(lines.contains("  1,000 older events overwritten, as asked"))
    #expect(lines.contains("  0 lost"))
    let info = try ToolRun("info", path)
    #expect(info.output.contains("none but 1,000 older events overwritten"))
  }
}
