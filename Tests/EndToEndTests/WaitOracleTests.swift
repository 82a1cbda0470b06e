import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// `tracectl threads`, `chain` and `stacks -wall` state what the kernel's tracer and perf find in
  /// the same run, and what follows from the dumped events.
  @Suite(.needs(.tracepoints, .program("gcc"), .program("python3"))) struct WaitOracleTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Collects the program's run; `recorder` is a command that runs the collection.
    private func collect(_ recorder: [String] = [], providers: String = "ContextSwitch") throws {
      let command =
        recorder + [
          Tools.tracectl, "collect", "-providers", providers, "-stacks", "ContextSwitch", "-o",
          scratch.path("t.etl"), "--", try #require(WaitingProgram.path),
        ]
      try ChildProcess(command[0], Array(command.dropFirst()), in: scratch).succeed()
    }

    private func report(_ arguments: String...) throws -> [String: Any] {
      let path = scratch.path("report.json")
      let arguments = [arguments[0], scratch.path("t.etl")] + arguments.dropFirst() + ["-o", path]
      try ChildProcess(Tools.tracectl, arguments, in: scratch).succeed()
      let json = try Data(contentsOf: URL(fileURLWithPath: path))
      return try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    }

    private func threads() throws -> [[String: Any]] {
      let processes = try #require(try report("threads")["processes"] as? [[String: Any]])
      return try #require(processes.first?["threads"] as? [[String: Any]])
    }

    private static let recomputed =
      #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Recomputed/"

    /// Runs a program of Tests/Recomputed on what a command prints, and on the report; returns its
    /// exit code, and the differences that it finds.
    private func compare(
      _ program: String, _ input: String
    ) throws -> (code: Int32, differences: String) {
      let line =
        "set -o pipefail; \(input) | python3 -B \(Self.recomputed)\(program) "
        + scratch.path("report.json")
      let child = try ChildProcess("/bin/bash", ["-c", line], in: scratch)
      let code = try child.wait(seconds: 60)
      return (code, code == 0 ? "" : "exit code \(code): \(child.output)")
    }

    private func differences(_ program: String, _ input: String) throws -> String {
      try compare(program, input).differences
    }

    /// What a program of Tests/Recomputed ends with if the other recording lacks events.
    private static let isIncomplete: Int32 = 3

    /// Compares with another recording of the same run. A run is repeated if that lost events.
    private func compareWithOther(
      _ program: String, _ recorder: [String], _ input: String
    ) throws {
      var found: [String] = []
      for _ in 0..<8 {
        try collect(recorder)
        _ = try threads()
        let result = try compare(program, input)
        guard result.code == Self.isIncomplete else {
          #expect(result.code == 0, "\(result.differences)")
          return
        }
        found.append(result.differences)
      }
      Issue.record("\(found.joined(separator: "\n"))")
    }

    /// Numbers of switches are equal to those that follow from the scheduler's own events, and
    /// times differ by less than 1 %.
    @Test func schedulerEvents() throws {
      let file = scratch.path("events")
      try compareWithOther(
        "schedevents.py", ["python3", "-B", Self.recomputed + "schedrecord.py", file],
        "cat \(file)")
    }

    /// The time in system calls that wait is the time blocked and runnable in them.
    @Test(.needs(.program("perf"))) func systemCalls() throws {
      // perf trace -s would sum them up, but crashes in some versions.
      let file = scratch.path("trace.data")
      try compareWithOther(
        "syscalls.py",
        [
          "perf", "record", "-q", "-B", "-e", "raw_syscalls:sys_enter,raw_syscalls:sys_exit", "-o",
          file, "--",
        ],
        "cat \(file)")
    }

    @Test func wallClockTimeAddsUp() throws {
      try collect(providers: "CPU,ContextSwitch")
      let wall = try report("stacks", "-wall", "-threads", "-threshold", "0")
      let lives = try threads().reduce(0) { $0 + ($1["life_ns"] as? Int ?? 0) }
      let total = try #require(wall["total"] as? [String: Any])
      #expect(total["wall_ns"] as? Int == lives && lives > 0)
      _ = try report("stacks", "-wall", "-threads", "-threshold", "0")
      let dump = "\(Tools.tracectl) dump \(scratch.path("t.etl")) -format json"
      #expect(try differences("wall.py", dump) == "")
    }

    /// Whoever waits for the lock waits for a thread that sleeps while it holds the lock.
    @Test func aLocksChainLeadsToItsHolder() throws {
      try collect()
      let threads = try threads()
      func tid(_ name: String) throws -> Int {
        try #require(threads.first { $0["thread"] as? String == name }?["tid"] as? Int)
      }
      let (locker, holder) = (try tid("locker"), try tid("holder"))
      let chain = try report("chain", "-tid", "\(locker)")
      let causes = try #require(chain["causes"] as? [[String: Any]])
      let first = try #require(causes.first)
      #expect(first["tid"] as? Int == holder && first["reason"] as? String == "sleep", "\(first)")
      let steps = try #require(chain["steps"] as? [[String: Any]])
      let sum = steps.reduce(0) { $0 + ($1["duration_ns"] as? Int ?? 0) }
      let from = try #require(chain["from_ns"] as? Int)
      #expect(sum == (try #require(chain["to_ns"] as? Int)) - from)
      // The lock is free for a third of the time, in which its holder sleeps without it.
      #expect((first["total_ns"] as? Int ?? 0) * 3 > sum, "\(first), \(sum)")
      // Every thread's chain is that which follows from the events.
      let dump = "\(Tools.tracectl) dump \(scratch.path("t.etl")) -format json"
      for thread in threads {
        let tid = try #require(thread["tid"] as? Int)
        _ = try report("chain", "-tid", "\(tid)")
        #expect(try differences("chain.py", dump) == "", "\(thread)")
      }
    }

    /// Copied stacks are only those of samples; switches are walked by frame pointers.
    @Test func unwindingLeavesTheStacksOfSwitches() throws {
      let command = [
        "collect", "-providers", "CPU,ContextSwitch", "-stacks", "ContextSwitch", "-unwind",
        "dwarf", "-o", scratch.path("t.etl"), "--", try #require(WaitingProgram.path),
      ]
      try ChildProcess(Tools.tracectl, command, in: scratch).succeed()
      let threads = try threads()
      for thread in threads {
        let reasons = (thread["reasons"] as? [[String: Any]] ?? []).map { $0["reason"] as? String }
        #expect(!reasons.contains("unknown"), "\(thread)")
      }
      let samples = try report("stacks")
      let sampling = try #require(samples["sampling"] as? [String: Any])
      #expect((sampling["stack_bytes"] as? Int ?? 0) > 0)
      let wall = try report("stacks", "-wall", "-threshold", "0", "-callers", "[blocked: sleep]")
      let callers = try #require(wall["callers"] as? [[String: Any]]).map {
        $0["function"] as? String
      }
      #expect(callers.contains("sleeper") && callers.contains("[blocked: sleep]"), "\(callers)")
    }

    @Test func topLimitsTheLists() throws {
      try collect()
      let all = try threads()
      let some = try report("threads", "-top", "2")
      let process = try #require((some["processes"] as? [[String: Any]])?.first)
      let threads = try #require(process["threads"] as? [[String: Any]])
      #expect(threads.map { $0["tid"] as? Int } == all.prefix(2).map { $0["tid"] as? Int })
      #expect((process["waits"] as? [[String: Any]])?.count == 2)
      #expect(process["thread_count"] as? Int == all.count)
      let text = try ChildProcess(
        Tools.tracectl, ["threads", scratch.path("t.etl"), "-top", "2"], in: scratch)
      try text.succeed()
      #expect(text.output.contains("-top \(all.count) shows all"), "\(text.output)")
      #expect(text.output.components(separatedBy: "\nblocked by ").count == 3)
      let none = try report("threads", "-top", "0")
      let empty = try #require((none["processes"] as? [[String: Any]])?.first)
      #expect((empty["threads"] as? [[String: Any]])?.isEmpty == true)
    }
  }
}
