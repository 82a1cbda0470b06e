import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// The identity of processes whose pids are reused and whose programs change.
  @Suite(.needs(.kernelSamples)) struct ProcessIdentityTests {
    /// Whether pids can be chosen: requires root, in a separate namespace.
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

    /// Copies a program under another name.
    func copy(_ program: String, as name: String, in scratch: Scratch) throws -> String {
      let path = scratch.path(name)
      let child = try ChildProcess("cp", [program, path], in: scratch)
      try child.succeed()
      return path
    }

    func spin(_ count: Int) -> String {
      "i=0; while [ $i -lt \(count) ]; do i=$((i+1)); done"
    }

    /// The processes with samples: their name, and its number of occurrences.
    func processes(_ file: TraceFile) throws -> [StackTotals.Process] {
      let symbolizer = Symbolizer(file)
      try symbolizer.prepare()
      return try StackCollection(file, .samples, SymbolizerFrames(symbolizer)).totals.processes
    }

    /// Each of several pids is used by two programs in turn; no sample is attributed to the wrong
    /// one.
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

    /// A process that executes several programs in turn.
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

    /// Five hundred processes at once. Each has an end, even if the kernel had no room for its exit
    /// record.
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

    /// A killed collector leaves a readable file; the program continues.
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
