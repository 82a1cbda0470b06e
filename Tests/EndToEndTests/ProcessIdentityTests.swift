import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// Who a process is said to be while its numbers and its programs change.
  @Suite(.needs(.kernelSamples)) struct ProcessIdentityTests {
    /// Whether processes can be given numbers: root's, in a namespace of its own.
    static let mayChooseNumbers: Bool = {
      guard geteuid() == 0, let scratch = try? Scratch(),
        let trial = try? ChildProcess(
          "unshare",
          [
            "-p", "-f", "--mount-proc", "sh", "-c", "echo 50 > /proc/sys/kernel/ns_last_pid",
          ], in: scratch)
      else { return false }
      return (try? trial.wait()) == 0
    }()

    /// A program of another name: a copy.
    func copy(_ program: String, as name: String, in scratch: Scratch) throws -> String {
      let path = scratch.path(name)
      let child = try ChildProcess("cp", [program, path], in: scratch)
      try child.succeed()
      return path
    }

    func spin(_ count: Int) -> String {
      "i=0; while [ $i -lt \(count) ]; do i=$((i+1)); done"
    }

    /// The processes that samples are counted for: name, and how often one of that name was met.
    func processes(_ file: TraceFile) throws -> [StackTotals.Process] {
      let symbolizer = Symbolizer(file)
      try symbolizer.prepare()
      return try StackCollection(file, .samples, SymbolizerFrames(symbolizer)).totals.processes
    }

    /// One number after the other is two programs' in turn, and no sample goes to the other.
    @Test(.needs(Requirement("chosen process numbers") { mayChooseNumbers }))
    func aNumberThatIsUsedAgain() throws {
      let scratch = try Scratch()
      let trace = scratch.path("trace.etl")
      let alpha = try copy("/bin/sh", as: "alpha", in: scratch)
      let beta = try copy("/bin/sh", as: "beta", in: scratch)
      let work = scratch.path("work")
      try ChildProcess(
        "/bin/sh", ["-c", "cat > \(work) <<'end'\n\(spin(30000))\nend"], in: scratch
      ).succeed()
      let script = """
        sh -c 'echo $$ > \(scratch.path("number")); exec \(alpha) \(work)'
        for round in 1 2 3 4 5; do for program in \(beta) \(alpha); do
        read number < \(scratch.path("number"))
        echo $((number - 1)) > /proc/sys/kernel/ns_last_pid
        $program \(work)
        done; done
        """
      let collection = try ChildProcess(
        "unshare",
        [
          "-p", "-f", "--mount-proc", Tools.tracectl, "collect", "-providers", "CPU", "-o", trace,
          "--", "/bin/sh", "-c", script,
        ], in: scratch)
      try collection.succeed()
      let file = try TraceFile(path: trace)
      let number = try #require(
        UInt32(try readText(scratch.path("number")).filter { $0.isNumber }))
      let records = file.processes.filter { $0.pid == number }
        .sorted { $0.joinTicks < $1.joinTicks }
      #expect(records.count == 11)
      #expect(zip(records, records.dropFirst()).allSatisfy { $0.endTicks! <= $1.joinTicks })
      let lives = try processes(file).filter { $0.process.pid == number }.map(\.process.name)
      #expect(lives.count { $0 == "alpha" } == 6)
      #expect(lives.count { $0 == "beta" } == 5)
    }

    /// A process that becomes one program after the other.
    @Test func oneProgramAfterTheOther() throws {
      let scratch = try Scratch()
      let trace = scratch.path("trace.etl")
      let shell = try copy("/bin/sh", as: "again", in: scratch)
      let script = scratch.path("script")
      let program = """
        if [ $1 -gt 0 ]; then exec \(shell) \(script) $(($1 - 1)); fi
        exec \(Tools.miniVM) \(AttributionTests.programs)fannkuch.mini
        """
      let writer = try ChildProcess(
        "/bin/sh", ["-c", "cat > \(script) <<'end'\n\(program)\nend"], in: scratch)
      try writer.succeed()
      let collection = try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", "CPU:4999", "-o", trace, "--", shell, script, "50"], in: scratch)
      try collection.succeed()
      let file = try TraceFile(path: trace)
      var names: [String] = []
      let replay = Replay(file)
      replay.on(ProcessExec.self) { event, _ in names.append(event.name) }
      try replay.run()
      #expect(names == Array(repeating: "again", count: 51) + ["minivm"])
      #expect(Set(file.processes.map(\.pid)).count == 1)
      let sampled = Set(try processes(file).map(\.process.name))
      #expect(sampled.isSubset(of: ["again", "minivm"]))
      #expect(sampled.contains("minivm"))
    }

    /// Five hundred at once. Each has its end, also where the kernel had no room for its exit.
    @Test func manyAtOnce() throws {
      let scratch = try Scratch()
      let trace = scratch.path("trace.etl")
      let collection = try ChildProcess(
        Tools.tracectl,
        [
          "collect", "-providers", "CPU", "-o", trace, "--", "/bin/sh", "-c",
          "n=0; while [ $n -lt 500 ]; do ( \(spin(2000)) ) & n=$((n+1)); done; wait",
        ], in: scratch)
      try collection.succeed()
      let file = try TraceFile(path: trace)
      let lost = try file.losses().reduce(0) { $0 &+ $1.count }
      #expect(file.processes.count == 501 || (lost > 0 && file.processes.count < 501))
      #expect(file.processes.allSatisfy { $0.endTicks != nil })
      #expect(Set(try processes(file).map(\.process.name)) == ["sh"])
    }

    /// A collector that is killed leaves what it had written; the program runs on.
    @Test func aCollectorThatIsKilled() throws {
      let scratch = try Scratch()
      let trace = scratch.path("trace.etl")
      let collection = try ChildProcess(
        Tools.tracectl,
        [
          "collect", "-providers", "CPU", "-o", trace, "--", "/bin/sh", "-c",
          "echo $$ > \(scratch.path("number")); while :; do :; done",
        ], in: scratch)
      try waitUntil("samples are in the file; \(collection.output)") {
        guard let file = try? TraceFile(path: trace) else { return false }
        return file.eventTypes.contains { $0.schema == SampledProfile.schema && $0.count > 100 }
      }
      collection.send(SIGKILL)
      #expect(try collection.wait() == -SIGKILL)
      let number = try #require(
        pid_t(try readText(scratch.path("number")).filter { $0.isNumber }))
      #expect(kill(number, SIGKILL) == 0)
      let file = try TraceFile(path: trace)
      #expect(!file.isComplete)
      #expect(file.damage.isEmpty)
      #expect(try processes(file).map(\.process.pid) == [UInt32(number)])
    }
  }
}
