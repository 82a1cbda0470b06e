import Glibc
import TestSupport
import Testing
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// `-p` traces one process; with `-children` also its running and future descendants.
  @Suite struct FamilyTests {
    private static let spin = "i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done"

    /// A shell that has a child and starts another one, which has its own child, when `go` exists.
    /// Each of them spins and prints its pid.
    private static let family = """
      (while [ ! -e go ]; do sleep 0.01; done; \(spin)) & echo $! > old
      while [ ! -e go ]; do sleep 0.01; done
      sh -c '(\(spin)) & echo $! > grandchild; \(spin); wait' & echo $! > child
      \(spin); wait
      """

    private func waitFor(_ names: String..., in scratch: Scratch) throws {
      try waitUntil("\(names) are there") {
        names.allSatisfy { access(scratch.path($0), F_OK) == 0 }
      }
    }

    private func number(_ name: String, in scratch: Scratch) throws -> UInt32 {
      try #require(UInt32(try readText(scratch.path(name)).split(separator: "\n").first ?? ""))
    }

    private func start(_ script: String, in scratch: Scratch) throws -> ChildProcess {
      try ChildProcess(
        "/usr/bin/env", ["-C", scratch.path("."), "sh", "-c", script], in: scratch)
    }

    /// The pids that have samples in the trace.
    private func sampled(_ path: String) throws -> Set<UInt32> {
      var pids: Set<UInt32> = []
      let replay = Replay(try TraceFile(path: path))
      replay.on(SampledProfile.self) { _, header in pids.insert(header.pid) }
      try replay.run()
      return pids
    }

    @Test(.needs(.kernelSamples), arguments: [true, false])
    func samplesOfTheFamily(_ takesChildren: Bool) throws {
      let scratch = try Scratch()
      let parent = try start(Self.family, in: scratch)
      try waitFor("old", in: scratch)
      let collection = try scratch.collect(
        "CPU", to: "x.etl", "-p", "\(parent.pid)", takesChildren ? "-children" : "-mode=discard")
      close(open(scratch.path("go"), O_WRONLY | O_CREAT, 0o600))
      // The collection ends with the last of them; an unreaped process still exists.
      try parent.succeed()
      try collection.succeed()
      let pids = try sampled(scratch.path("x.etl"))
      #expect(pids.contains(UInt32(parent.pid)))
      let others = try ["old", "child", "grandchild"].map { try number($0, in: scratch) }
      for pid in others { #expect(pids.contains(pid) == takesChildren, "\(others) in \(pids)") }
      if !takesChildren { #expect(pids == [UInt32(parent.pid)]) }
    }

    /// Events of a program that the process starts after the start of the collection are recorded
    /// only with `-children`.
    @Test(arguments: [true, false])
    func eventsOfTheFamily(_ takesChildren: Bool) throws {
      let scratch = try Scratch()
      // Otherwise the program would wait for the session longer than necessary.
      scratch.registerTimeout = takesChildren ? "20000" : "500"
      let parent = try start(
        "while [ ! -e go ]; do sleep 0.01; done; sh -c '\(Tools.storm) --events 1000; :'; :",
        in: scratch)
      let collection = try scratch.collect(
        "Storm", to: "x.etl", "-p", "\(parent.pid)", takesChildren ? "-children" : "-mode=discard")
      close(open(scratch.path("go"), O_WRONLY | O_CREAT, 0o600))
      try parent.succeed()
      try collection.succeed()
      let count = try TraceFile(path: scratch.path("x.etl")).eventCount
      #expect(takesChildren ? count >= 1000 : count == 0, "\(count) events: \(collection.output)")
    }

    /// Threads that ran before the collection have names, with and without kernel events.
    @Test func threadsThatRunHaveNames() throws {
      let scratch = try Scratch()
      let storm = try scratch.storm("--events", "100000000", "--rate", "1000", "--threads", "2")
      defer { storm.send(SIGKILL) }
      try waitUntil("its threads run") {
        Scratch.names(in: "/proc/\(storm.pid)/task").count > 2
      }
      let threads = Scratch.names(in: "/proc/\(storm.pid)/task").compactMap { UInt32($0) }
        .filter { $0 != UInt32(storm.pid) }
      let collection = try scratch.collect("Storm", to: "x.etl", "-p", "\(storm.pid)")
      try waitUntil("it has joined") { collection.output.contains("collecting into") }
      usleep(300_000)
      try collection.interrupt()
      var named: [UInt32: String] = [:]
      let replay = Replay(try TraceFile(path: scratch.path("x.etl")))
      replay.on(ThreadStart.self) { event, header in
        #expect(header.flags.contains(.rundown))
        named[header.tid] = event.name
      }
      try replay.run()
      for thread in threads { #expect(named[thread]?.isEmpty == false, "\(thread) in \(named)") }
      let dump = try ChildProcess(
        Tools.tracectl, ["dump", scratch.path("x.etl"), "-provider", "Storm", "-limit", "100"],
        in: scratch)
      try dump.succeed()
      #expect(dump.output.contains(/pid \d+ tid \d+ \(\S+\)  Storm/), "\(dump.output.prefix(500))")
    }
  }
}
