import Glibc
import TestSupport
import Testing
import TraceFormat

@testable import tracectl

/// Reaching a limit of the system yields a message and an exit code, and the written data is
/// readable.
@Suite struct LimitTests {
  private let fixture: TraceFixture
  private let environment: [String: String]

  init() throws {
    fixture = try TraceFixture()
    mkdir(fixture.path("meet"), 0o700)
    environment = ["TRACE_RUNTIME_DIR": fixture.path("meet")]
  }

  private func run(_ line: String) throws -> ToolRun {
    try ToolRun(shell: line, environment: environment, in: fixture.path(""))
  }

  @Test(.needs(Requirement("at most 16 CPUs") { sysconf(Int32(_SC_NPROCESSORS_CONF)) <= 16 }))
  func aFileThatMayNotGrowIsReadableUpToThere() throws {
    let storm = ToolRun.directory + "/event-storm"
    let run = try run(
      "ulimit -f 2500; $tracectl collect -providers Storm -mode block -buffer-size 128K -o f.etl "
        + "-- \(storm) --events 1500000 --payload mixed --wait-for-enable 20")
    #expect(run.signal == 0 && run.exitCode == ExitStatus.ioError.rawValue, "\(run.errors)")
    #expect(run.errors.contains("File too large; raise the limit on the size of files"))
    // Events after the error were not counted.
    #expect(run.errors.contains("*** AT LEAST "), "\(run.errors)")
    let file = try TraceFile(path: fixture.path("f.etl"))
    #expect(file.eventCount > 0 && file.damage.isEmpty)
  }

  #if arch(x86_64)
    /// wait4 and waitid; poll and ppoll; rt_sigtimedwait.
    @Test(arguments: [[61, 247], [7, 271], [128]])
    func callsThatASandboxRefusesDoNotKeepItFromEnding(_ calls: [UInt32]) throws {
      let output = fixture.path("refused.etl")
      let running = try PerfForbidden.run(calls) { [environment] in
        try RunningTool(
          ["collect", "-providers", "Nope", "-o", output, "--", "/bin/sh", "-c", "exit 7"],
          environment: environment)
      }
      let run = try running.wait()
      #expect(run.signal == 0 && run.exitCode == 7, "\(run.errors)")
      let isSaid = run.errors.contains("the end of the command cannot be waited for (waitpid: ")
      #expect(isSaid == calls.contains(61), "\(run.errors)")
      #expect(try ToolRun("verify", output).exitCode == 0)
    }
  #endif

  @Test func closedDescriptorsAreNotTakenForTheTrace() throws {
    let run = try run("$tracectl collect -providers Nope -duration 10ms -o c.etl <&- >&- 2>&-")
    #expect(run.exitCode == 0)
    #expect(try ToolRun("verify", fixture.path("c.etl")).exitCode == 0)
    let info = try self.run("$tracectl info c.etl >&-")
    #expect(info.exitCode == ExitStatus.ioError.rawValue)
    #expect(info.errors.contains("cannot write to standard output"), "\(info.errors)")
  }

  @Test func plantedFilesAreNotWritten() throws {
    let run = try run(
      "mkdir shared && chmod 1777 shared && echo precious > victim; ln -s ../victim shared/t.etl; "
        + "$tracectl collect -providers Nope -duration 10ms -o shared/t.etl; code=$?; "
        + "cat victim; exit $code")
    #expect(run.exitCode == ExitStatus.cannotCreate.rawValue)
    #expect(run.output == "precious\n")
    #expect(run.errors.contains("shared/t.etl is a symbolic link"), "\(run.errors)")
  }

  @Test func tooLittleAddressSpaceIsSaidAtOnce() throws {
    let run = try run(
      "ulimit -v 1000000; $tracectl collect -providers Nope -duration 10ms -buffer-size 1GB "
        + "-o a.etl")
    #expect(run.signal == 0 && run.exitCode == ExitStatus.osError.rawValue, "\(run.errors)")
    #expect(run.errors.contains("ulimit -v"))
  }

  /// A memory limit ends every command with a message, whichever allocation fails. Below some size,
  /// the system cannot load the program, and reports that itself.
  @Test func tooLittleMemoryIsSaidWhereverItEnds() throws {
    let path = try fixture.small()
    for limit in ["-d", "-v"] {
      func dump(_ kilobytes: Int) throws -> ToolRun {
        try run("ulimit \(limit) \(kilobytes); $tracectl dump \(path)")
      }
      var (tooSmall, loads) = (4000, 200_000)
      while loads - tooSmall > 100 {
        let middle = (tooSmall + loads) / 2
        let run = try dump(middle)
        if run.exitCode == 127 || run.signal != 0 { tooSmall = middle } else { loads = middle }
      }
      var said = 0
      for size in stride(from: loads, through: loads + 4000, by: 250) {
        let run = try dump(size)
        // The loader's memory use varies slightly with the address layout.
        guard run.exitCode != 127 else { continue }
        #expect(run.signal == 0 && run.exitCode < 128, "\(limit) \(size): \(run.errors)")
        guard run.exitCode != 0 else { continue }
        said += 1
        #expect(run.exitCode == ExitStatus.osError.rawValue, "\(limit) \(size): \(run.errors)")
        #expect(run.errors.contains("ulimit \(limit)"), "\(limit) \(size): \(run.errors)")
      }
      #expect(said > 0, "\(limit) from \(loads)")
    }
  }

  /// The limit on the main thread's stack does not apply to other threads, and a small one
  /// suffices.
  @Test(arguments: [64, 128, 256]) func smallStacksDo(kilobytes: Int) throws {
    let line =
      "$tracectl collect -providers CPU -o s.etl -- bash -c 'for i in {1..100000}; do :; done'"
    let usual = try run(line)
    let small = try run("ulimit -s \(kilobytes); " + line)
    #expect(small.signal == 0 && small.exitCode == usual.exitCode, "\(small.errors)")
  }

  @Test func aLimitOnDescriptorsIsNamed() throws {
    for count in 5...8 {
      let run = try run("ulimit -n \(count); $tracectl collect -providers Nope -o n.etl")
      #expect(run.exitCode == ExitStatus.osError.rawValue, "\(run.errors)")
      #expect(run.errors.contains("ulimit -n"), "\(run.errors)")
    }
  }

  @Test func aPipeThatNobodyReadsIsSaid() throws {
    let run = try run(
      "mkfifo p; touch said; (until grep -q reader said; do sleep 0.01; done; cat p > got) & "
        + "$tracectl collect -providers Nope -duration 10ms -o p 2> said; code=$?; "
        + "cat said >&2; wait; $tracectl verify got; exit $code")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(run.errors.contains("p is a pipe that nobody reads; waiting for a reader"))
  }

  @Test(
    .needs(
      .root,
      Requirement("mount namespaces") {
        (try? ToolRun(shell: "unshare -m true"))?.exitCode == 0
      }))
  func withoutProcTheReasonIsSaid() throws {
    let run = try run(
      "unshare -m --propagation private sh -c 'mount -t tmpfs none /proc && $tracectl doctor'")
    #expect(run.exitCode == ExitStatus.osError.rawValue, "\(run.output)")
    #expect(run.errors.contains("cannot be read without /proc"), "\(run.errors)")
  }

  @Test func whoWasCutOffIsNamedBesideTheLosses() throws {
    let file = try TraceFile(path: try fixture.small())
    let lines = CollectSummary(file, cutOff: ["vandal (7)"]).lines
    #expect(lines.contains("*** 1 PROGRAM WAS NOT TRACED, OR NOT TO THE END: vandal (7) ***"))
  }

  @Test func countsThatAreNotKnownToBeAllAreCalledTheLeast() throws {
    let file = try TraceFile(path: try fixture.small())
    let summary = CollectSummary(file, certainty: .atLeast)
    #expect(summary.lines.contains { $0.hasPrefix("*** AT LEAST 12 EVENTS WERE LOST") })
    #expect(summary.lostLines.contains { $0.hasPrefix("*** AT LEAST 12 EVENTS WERE LOST") })
  }

  /// A process that writes impossible counts may have written possible ones before.
  @Test func countsThatAProcessForgedAreNotCalledTheLeast() throws {
    let lines = CollectSummary(
      try TraceFile(path: try fixture.small()), certainty: .unreliable
    ).lostLines
    let start = "*** ACCORDING TO COUNTERS THAT ARE NOT RELIABLE, 12 EVENTS WERE LOST ("
    #expect(lines.contains { $0.hasPrefix(start) }, "\(lines)")
  }
}
