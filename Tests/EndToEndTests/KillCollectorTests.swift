import Glibc
import TestSupport
import Testing
import TraceFormat

extension EndToEnd {
  @Suite struct KillCollectorTests {
    /// The resources of a process, as counted by the kernel.
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

      /// Whether the resources do not exceed a baseline, which may include some that the program
      /// was about to release.
      func isWithin(_ baseline: Holdings) -> Bool {
        descriptors <= baseline.descriptors && threads <= baseline.threads
          && bufferMappings <= baseline.bufferMappings
      }
    }

    /// tracectl is killed repeatedly with kill -9: the program continues, keeps only the memory of
    /// the last session, and leaks nothing; the next session works immediately, and the written
    /// files are readable.
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
        // The first cycle may allocate resources that are kept.
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
