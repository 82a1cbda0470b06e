import Glibc
import TestSupport
import Testing
import TraceFormat

extension EndToEnd {
  @Suite struct KillCollectorTests {
    /// What a process holds, as the kernel counts it.
    struct Holdings {
      var descriptors: Int
      var threads: Int
      var bufferMappings: Int

      init(of pid: pid_t) throws {
        descriptors = Scratch.names(in: "/proc/\(pid)/fd").count
        threads = Scratch.names(in: "/proc/\(pid)/task").count
        bufferMappings =
          try readText("/proc/\(pid)/maps").split(separator: "\n")
          .filter { $0.contains("memfd:trace-buffers") }.count
      }

      /// The baseline may hold something that the program was about to let go of.
      func isWithin(_ baseline: Holdings) -> Bool {
        descriptors <= baseline.descriptors && threads <= baseline.threads
          && bufferMappings <= baseline.bufferMappings
      }
    }

    /// kill -9 of tracectl, again and again: the program runs on, keeps the memory of the last
    /// session alone, leaks nothing; the next session works at once, and what was written can be
    /// read.
    @Test func programRunsOnAndLeaksNothing() throws {
      let scratch = try Scratch()
      let storm = try scratch.storm("--events", "100000000", "--rate", "20000")
      var baseline: Holdings?
      for cycle in 0..<Rounds.count(10) {
        let session = try scratch.collect(to: "killed.etl")
        try waitUntil("the storm joins session \(cycle)") {
          try Holdings(of: storm.pid).bufferMappings > (cycle == 0 ? 0 : 1)
        }
        session.send(SIGKILL)
        let sessionCode = try session.wait()
        #expect(sessionCode == -SIGKILL)
        try waitUntil("the storm leaves session \(cycle)") {
          try Holdings(of: storm.pid).bufferMappings == 1
        }
        // The first cycle may set up what is kept for later ones.
        guard let baseline else {
          baseline = try Holdings(of: storm.pid)
          continue
        }
        try waitUntil("cycle \(cycle) lets go of all but \(baseline)") {
          try Holdings(of: storm.pid).isWithin(baseline)
        }
      }
      #expect(!storm.hasEnded)
      _ = try TraceFile(path: scratch.path("killed.etl"))

      let session = try scratch.collect(to: "after.etl")
      try scratch.waitForEvents(in: "after.etl")
      try session.interrupt()
      let trace = try StormTrace(path: scratch.path("after.etl"))
      #expect(trace.eventCount > 0)
      #expect(trace.workers.values.filter { !$0.isWhole }.isEmpty)
    }
  }
}
