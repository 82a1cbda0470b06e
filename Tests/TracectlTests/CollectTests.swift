import Foundation
import Glibc
import Testing
import TraceControl

@testable import tracectl

@Suite struct CollectTests {
  let fixture: TraceFixture
  let environment: [String: String]

  init() throws {
    fixture = try TraceFixture()
    let runtime = fixture.path("runtime")
    environment = ["TRACE_RUNTIME_DIR": runtime]
  }

  private func collect(_ arguments: String...) throws -> ToolRun {
    try RunningTool(
      ["collect", "-providers", "GC"] + arguments, environment: environment, in: fixture.directory
    ).wait()
  }

  private func start(_ arguments: String...) throws -> RunningTool { try start(arguments) }

  private func start(_ arguments: [String]) throws -> RunningTool {
    let running = try RunningTool(
      ["collect", "-providers", "GC"] + arguments, environment: environment, in: fixture.directory)
    try running.waitUntil { _, errors in errors.contains("collecting into") }
    return running
  }

  @Test(arguments: [
    ("exit 0", Int32(0)), ("exit 7", 7), ("kill -KILL $$", 137), ("kill -INT $$", 130),
  ])
  func theCommandsExitCodeIsOurs(script: String, code: Int32) throws {
    let run = try collect("--", "sh", "-c", script)
    #expect(run.exitCode == code, "\(run.errors)")
    #expect(try ToolRun("verify", fixture.path("trace.etl")).exitCode == 0)
  }

  /// A script that exists, but whose interpreter does not.
  @Test func aMissingInterpreterIsSaid() throws {
    // Written by another process, because a process forked meanwhile would keep the file open for
    // writing.
    let run = try ToolRun(
      shell: "printf '#!/no/such/interpreter\\n' > script.sh; chmod +x script.sh; "
        + "$tracectl collect -providers GC -o none.etl -- ./script.sh",
      environment: environment, in: fixture.directory)
    #expect(run.exitCode == 126)
    #expect(run.errors.contains("its interpreter or loader does not exist"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: fixture.path("none.etl")))
  }

  /// Output to a pipe cannot be read back, which is not an error.
  @Test func intoAPipe() throws {
    let run = try ToolRun(
      shell: "$tracectl collect -providers GC -o /dev/stdout -- true | cat > piped.etl",
      environment: environment, in: fixture.directory)
    #expect(run.exitCode == 0)
    #expect(run.errors.contains("/dev/stdout: 0 events"), "\(run.errors)")
    #expect(!run.errors.contains("cannot"))
    #expect(try ToolRun("verify", fixture.path("piped.etl")).exitCode == 0)
  }

  @Test(arguments: ["0", "-1", "abc", "1e9", "20001", "", "999:1"])
  func ratesThatAreNone(rate: String) throws {
    let run = try ToolRun("collect", "-providers", "CPU:\(rate)", "-o", fixture.path("no.etl"))
    #expect(run.exitCode == 64)
    #expect(run.errors.contains("has no rate from 1 to 20000"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: fixture.path("no.etl")))
  }

  /// A list may contain only one rate of CPU samples; the same rate may be repeated.
  @Test(arguments: ["CPU,CPU:99", "CPU:99,CPU", "CPU:99,GC,cpu:98"])
  func twoRates(list: String) throws {
    let run = try ToolRun("collect", "-providers", list, "-o", fixture.path("no.etl"))
    #expect(run.exitCode == 64)
    #expect(run.errors.contains("CPU is listed with two rates"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: fixture.path("no.etl")))
  }

  @Test func oneRateTwice() throws {
    let run = try collect(
      "-providers", "CPU:999,CPU", "-providers", "CPU", "-o", "x.etl", "--", "true")
    #expect(run.exitCode == 0, "\(run.errors)")
  }

  @Test func theCommandKeepsItsOutputAndArguments() throws {
    let run = try collect("-o", "x.etl", "--", "printf", "%s|", "-providers", "--", "a b")
    #expect(run.output == "-providers|--|a b|")
    #expect(run.errors.contains("x.etl: no events"))
    #expect(FileManager.default.fileExists(atPath: fixture.path("x.etl")))
  }

  @Test func theDurationEndsIt() throws {
    let run = try collect("-duration", "200ms")
    #expect(run.exitCode == 0)
    #expect(run.errors.contains("trace.etl"))
    #expect(try ToolRun("verify", fixture.path("trace.etl")).exitCode == 0)
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalEndsItCleanly(signal: Int32) throws {
    let running = try start()
    running.send(signal)
    let run = try running.wait()
    #expect(run.exitCode == 0)
    #expect(try ToolRun("verify", fixture.path("trace.etl")).exitCode == 0)
  }

  /// The kernel sends SIGXCPU every second once the soft limit on CPU time is reached, and kills at
  /// the hard limit.
  @Test(arguments: [false, true])
  func theLimitOnCPUTimeEndsItCleanly(hasCommand: Bool) throws {
    let script = "echo ready; while [ ! -e go ]; do sleep 0.05; done; exit 9"
    let running = try start(hasCommand ? ["--", "sh", "-c", script] : [])
    if hasCommand { try running.waitUntil { output, _ in output.contains("ready") } }
    running.send(SIGXCPU)
    if hasCommand {
      try running.waitUntil { _, errors in errors.contains("waiting for its end") }
      running.send(SIGXCPU)
      #expect(FileManager.default.createFile(atPath: fixture.path("go"), contents: nil))
    }
    let run = try running.wait()
    #expect(run.exitCode == (hasCommand ? 9 : 71), "\(run.errors)")
    #expect(run.errors.contains("raise it (ulimit -t)"), "\(run.errors)")
    #expect(try ToolRun("verify", fixture.path("trace.etl")).exitCode == 0)
  }

  /// A program that cannot connect for want of descriptors is not silently missing.
  @Test func connectionsThatCannotBeAcceptedAreReported() throws {
    let running = try start()
    let runtime = try #require(environment["TRACE_RUNTIME_DIR"])
    let names = try FileManager.default.contentsOfDirectory(atPath: runtime)
    let name = try #require(names.first { $0.hasSuffix(".sock") })
    func limitDescriptors(to count: Int) throws {
      let run = try ToolRun(shell: "prlimit --pid \(running.pid) --nofile=\(count):1000")
      #expect(run.exitCode == 0, "\(run.errors)")
    }
    try limitDescriptors(to: 0)
    let socket = PacketSocket.make()
    defer { close(socket) }
    #expect(PacketSocket.connect(socket, toPath: "\(runtime)/\(name)", timeoutMilliseconds: 1000))
    usleep(100_000)
    try limitDescriptors(to: 1000)
    running.send(SIGINT)
    let run = try running.wait()
    #expect(run.errors.contains("could not connect at once"), "\(run.errors)")
    #expect(run.errors.contains("raise the limit on open files (ulimit -n)"), "\(run.errors)")
  }

  @Test func aSignalIsHandedToTheCommandAndItsEndIsAwaited() throws {
    let running = try start(
      "--", "sh", "-c", "trap 'echo stopped; exit 9' INT; echo ready; while :; do sleep 0.05; done")
    try running.waitUntil { output, _ in output.contains("ready") }
    running.send(SIGINT)
    let run = try running.wait()
    #expect(run.output == "ready\nstopped\n")
    #expect(run.exitCode == 9)
  }

  @Test func aSecondSignalDoesNotWaitForTheCommand() throws {
    let running = try start(
      "--", "sh", "-c", "trap '' INT; echo ready $$; while :; do sleep 0.05; done")
    try running.waitUntil { output, _ in output.contains("ready") }
    defer {
      if let pid = running.text().output.split(separator: " ").last.flatMap({ Int32($0.dropLast()) }
      ) {
        kill(pid, SIGKILL)
      }
    }
    running.send(SIGINT)
    try running.waitUntil { _, errors in errors.contains("second signal") }
    running.send(SIGINT)
    let run = try running.wait()
    #expect(run.exitCode == 130)
    #expect(try ToolRun("verify", fixture.path("trace.etl")).exitCode == 0)
  }

  @Test func processesThatEndEndIt() throws {
    let sleeper = try RunningTool(program: "/bin/sleep", ["1000"])
    let running = try start("-p", "\(sleeper.pid)")
    sleeper.send(SIGKILL)
    _ = try sleeper.wait()
    #expect(try running.wait().exitCode == 0)
  }

  @Test func whatIsWrongIsOneSentence() throws {
    try FileManager.default.createDirectory(
      atPath: fixture.path("open"), withIntermediateDirectories: false,
      attributes: [.posixPermissions: 0o755])
    try expectOneSentence(
      of: [
        (["collect"], 64, "-providers CPU,GC,JIT"),
        (["collect", "-providers", "GX", "--", "true"], 64, "'GC'"),
        (["collect", "-providers", "Runtime:GCX", "--", "true"], 64, "GC"),
        (["collect", "-providers", "GC:::"], 64, "Name:Keywords:Level"),
        (["collect", "-providers", "GC", "-p", "999999999"], 66, "999999999"),
        (["collect", "-providers", "GC", "-p", "abc"], 64, "abc"),
        (["collect", "-providers", "GC", "-duration", "soon"], 64, "soon"),
        (["collect", "-providers", "GC", "-mode", "ring"], 64, "ring"),
        (["collect", "-providers", "GC", "-buffer-size", "0"], 64, "--buffer-size"),
        (["collect", "-providers", "GC", "-buffer-size", "2G"], 64, "use 1GB or less"),
        (["collect", "-providers", "GC", "-p", "1", "--", "true"], 64, "use one of them"),
        (["collect", "-providers", "GC", "true"], 64, "--"),
        (["collect", "-providers", "GC", "--", "no-such-command"], 127, "no-such-command"),
        (["collect", "-providers", "GC", "--", "/etc/passwd"], 126, "/etc/passwd"),
        (
          ["collect", "-providers", "GC", "-o", "/nowhere/x.etl", "--", "true"], 73,
          "/nowhere/x.etl"
        ),
        (["collect", "-providers", "GC", "-o", "/", "--", "true"], 74, "directory"),
      ], environment: environment, in: fixture.directory)
    let refused = try ToolRun(
      "collect", "-providers", "GC", "--", "true",
      environment: ["TRACE_RUNTIME_DIR": fixture.path("open")], in: fixture.directory)
    #expect(refused.exitCode == 78)
    #expect(refused.errors.contains("chmod"))
    #expect(!FileManager.default.fileExists(atPath: fixture.path("trace.etl")))
  }

  @Test func aFullDiskIsSaidAndTheCommandGoesOn() throws {
    let run = try collect("-o", "/dev/full", "--", "sh", "-c", "echo done")
    #expect(run.exitCode == 74)
    #expect(run.errors.contains("No space left on device"))
  }

  @Test func providersSaysWhenThereAreNone() throws {
    let run = try ToolRun("providers", environment: environment)
    #expect(run.exitCode == 0)
    #expect(run.output.contains("no running program"))
  }
}
