import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// libtracelock.so: waits of programs that measure them themselves.
  @Suite(.needs(.program("gcc"))) struct LockWaitTests {
    private static let kinds = ["mutex", "read", "write", "condition", "semaphore", "futex"]

    private func alone(
      _ source: String, _ name: String, _ arguments: [String] = [], threshold_ns: Int = 100_000
    ) throws -> [String: Double] {
      let path = try #require(CompiledProgram.path(of: source, name: name))
      let child = try ChildProcess(
        path, arguments,
        environment: ChildProcess.environment(with: [
          "LD_PRELOAD": Tools.directory + "/libtracelock.so", "TRACE_DISABLE": "1",
          "TRACE_LOCK_THRESHOLD": "\(threshold_ns)",
        ]))
      try child.succeed()
      return HeapProgram.numbers(in: child.output)
    }

    /// Collects a program's run into `t.etl`; returns its output and the report's only process.
    private func collected(
      _ source: String, _ name: String, _ arguments: [String] = [], options: [String] = []
    ) throws -> (numbers: [String: Double], process: [String: Any], output: String) {
      let path = try #require(CompiledProgram.path(of: source, name: name))
      let report = try RuntimeReport(
        "contention", providers: "Lock", path, arguments, options: options)
      try report.expectRecomputed()
      return (HeapProgram.numbers(in: report.output), report.process, report.output)
    }

    /// The store has each wait that the program measured, of every kind, and its time.
    @Test func storeHasEveryKind() throws {
      let numbers = try alone(LockSources.schedule, "lock-schedule")
      for kind in Self.kinds {
        let own = try #require(numbers[kind + "_ns"])
        let stored = try #require(numbers[kind + "_stored_ns"])
        #expect(own > 4e7 && abs(stored / own - 1) < 0.03, "\(kind): \(stored) of \(own)")
        #expect(numbers[kind + "_stored_waits"] == numbers[kind + "_waits"], "\(kind)")
      }
      // The holders are charged with what others waited for until they let go.
      for kind in ["mutex", "write"] {
        let charged = try #require(numbers[kind + "_charged_ns"])
        let own = (numbers[kind + "_ns"] ?? 0) + (kind == "write" ? numbers["read_ns"] ?? 0 : 0)
        #expect(charged <= own && charged > own * 0.9, "\(kind): \(charged) of \(own)")
      }
    }

    /// The store has sleeps and waits for input, too, by each function.
    @Test func storeHasSleepsAndInput() throws {
      let numbers = try alone(LockSources.calls, "lock-calls")
      for kind in ["sleep", "io"] {
        let own = try #require(numbers[kind + "_ns"])
        let stored = try #require(numbers[kind + "_stored_ns"])
        #expect(own > 1e8 && abs(stored / own - 1) < 0.03, "\(kind): \(stored) of \(own)")
        #expect(numbers[kind + "_stored_waits"] == numbers[kind + "_waits"], "\(numbers)")
      }
    }

    /// Waits below the threshold are sampled without bias.
    @Test func shortWaitsAreEstimated() throws {
      let numbers = try alone(
        LockSources.schedule, "lock-short", ["100", "3000", "0"], threshold_ns: 1_000_000)
      let own = try #require(numbers["mutex_ns"]), stored = try #require(numbers["mutex_stored_ns"])
      #expect(abs(stored / own - 1) < 0.15, "\(stored) of \(own)")
      let waits = try #require(numbers["mutex_stored_waits"])
      #expect(abs(waits / 3000 - 1) < 0.2, "\(waits)")
    }

    /// The report has the same waits, as events of a session.
    @Test func reportHasEveryKind() throws {
      let run = try collected(LockSources.schedule, "lock-report")
      for (section, kinds) in [
        ("contended", ["mutex": ["mutex"], "rwlock": ["read", "write"]]),
        (
          "notified",
          ["condition": ["condition"], "semaphore": ["semaphore"], "futex": ["futex"]]
        ),
      ] as [(String, [String: [String]])] {
        let part = try #require(run.process[section] as? [String: Any])
        let locks = try #require(part["locks"] as? [[String: Any]])
        for (kind, words) in kinds {
          let rows = locks.filter { $0["kind"] as? String == kind }
          let own = words.reduce(0) { $0 + (run.numbers[$1 + "_ns"] ?? 0) }
          let waits = words.reduce(0) { $0 + (run.numbers[$1 + "_waits"] ?? 0) }
          let total = rows.reduce(0) { $0 + Double($1["total_ns"] as? Int ?? 0) }
          let count = rows.reduce(0) { $0 + Double($1["count"] as? Int ?? 0) }
          #expect(abs(total / own - 1) < 0.03, "\(kind): \(total) of \(own), \(run.output)")
          #expect(count == waits, "\(kind): \(count) of \(waits)")
          #expect(rows.count == 1 && rows.first?["lock"] is String, "\(rows)")
        }
      }
    }

    /// Of two functions that hold a mutex, the one that holds it four times as long is charged with
    /// four times as much; both are owners in the report.
    @Test func holdersAreCharged() throws {
      let path = try #require(CompiledProgram.path(of: LockSources.holders, name: "lock-holders"))
      let run = try HeapProgram([path], interval: "Lock")
      let waited = try #require(HeapProgram.numbers(in: run.output)["waited_ns"])
      let dump = try ChildProcess(
        Tools.tracectl, ["dump", run.scratch.path("t.etl"), "-format", "json"], in: run.scratch)
      try dump.succeed()
      var charged: [String: Double] = [:]
      for line in dump.output.split(separator: "\n") where line.contains("\"LockRelease\"") {
        let event = try #require(
          JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let fields = try #require(event["fields"] as? [String: Any])
        let stack = "\(event["frames"] ?? "")"
        let name = ["hold_long", "hold_short", "take"].first { stack.contains($0) } ?? "?"
        charged[name, default: 0] += (fields["duration"] as? Double ?? 0)
      }
      let long = charged["hold_long"] ?? 0, short = charged["hold_short"] ?? 0
      #expect(abs(long / short / 4 - 1) < 0.15, "\(charged)")
      #expect(long + short <= waited && long + short > waited * 0.9, "\(charged) of \(waited)")
    }

    /// Swift's Mutex waits in the kernel by a system call that the library sees.
    @Test(.needs(.program("swiftc"))) func swiftMutex() throws {
      let path = NSTemporaryDirectory() + "swift-mutex-\(getpid())"
      try LockSources.swift.write(toFile: path + ".swift", atomically: true, encoding: .utf8)
      try ChildProcess("swiftc", ["-O", "-parse-as-library", "-o", path, path + ".swift"])
        .succeed(seconds: 120)
      let report = try RuntimeReport("contention", providers: "Lock", path, [])
      let section = try #require(report.process["contended"] as? [String: Any])
      let locks = try #require(section["locks"] as? [[String: Any]])
      let lock = try #require(locks.first { $0["kind"] as? String == "mutex" }, "\(locks)")
      let own = Double(try report.printed("mutex_ns"))
      let total = Double(lock["total_ns"] as? Int ?? 0)
      // It spins for some microseconds first.
      #expect(total <= own && total > own * 0.97, "\(total) of \(own)")
      #expect(lock["count"] as? Int == 10)
      #expect("\(lock["places"] ?? "")".contains("take()"), "\(lock)")
      #expect("\(lock["owners"] ?? "")".contains("hold"), "\(lock)")
    }

    /// 64 threads allocate, lock, fork and exit under both libraries; nothing is lost.
    /// Scripts/soak has 1,000 rounds.
    @Test func storm() throws {
      let path = try #require(CompiledProgram.path(of: LockSources.storm, name: "lock-storm"))
      let run = try HeapProgram(
        [path, "\(Rounds.count(10))"], interval: "Heap:64K,Lock",
        seconds: 600)
      let numbers = HeapProgram.numbers(in: run.output)
      #expect(numbers["failures"] == 0, "\(run.output)")
      #expect(abs(numbers["kept"] ?? .infinity) < 100_000, "\(run.output)")
    }

    /// Constructors, exiting and canceled threads, signal handlers, forks, unloaded libraries.
    @Test(arguments: ["Lock", "Lock:0"], [[], ["-unwind", "dwarf"]])
    func everywhere(_ provider: String, _ options: [String]) throws {
      let path = try #require(
        CompiledProgram.path(of: LockSources.everywhere, name: "lock-everywhere"))
      let run = try HeapProgram([path, "2"], interval: provider, options: options)
      #expect(run.output.contains("failures 0"), "\(run.output)")
    }
  }
}
