import Glibc
import Testing

@testable import tracectl

@Suite struct CollectingTests {
  @Test func endingsAreExitCodes() {
    #expect(ChildProcess.Ending(status: 3 << 8).exitCode == 3)
    #expect(ChildProcess.Ending(status: 0).exitCode == 0)
    #expect(ChildProcess.Ending(status: SIGKILL).exitCode == 137)
    #expect(ChildProcess.Ending(status: SIGSEGV | 0x80).exitCode == 139)
  }

  @Test func commandsAreFoundByPath() throws {
    #expect(try ChildProcess.find("sh", path: "/nowhere:/bin:/usr/bin") == "/bin/sh")
    #expect(try ChildProcess.find("/bin/sh", path: "") == "/bin/sh")
    #expect(throws: Failure.self) { try ChildProcess.find("no-such-command", path: "/bin") }
    let missing = #expect(throws: Failure.self) { try ChildProcess.find("./nowhere", path: "") }
    #expect(missing?.status == .commandNotFound)
    let directory = #expect(throws: Failure.self) { try ChildProcess.find("/tmp", path: "") }
    #expect(directory?.status == .commandNotRunnable)
  }

  @Test func aCommandIsStartedAndItsEndIsSeen() throws {
    var mask = sigset_t()
    sigemptyset(&mask)
    var child = try ChildProcess(
      program: "/bin/sh", arguments: ["sh", "-c", "exit 7"], signalMask: mask)
    while !child.hasEnded() { usleep(1000) }
    #expect(child.ending == .exited(code: 7))
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
  }
}
