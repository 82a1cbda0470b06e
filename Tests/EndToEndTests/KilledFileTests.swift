import Glibc
import TestSupport
import Testing
import TraceFormat

extension EndToEnd {
  /// tracectl is killed with kill -9 at any moment: the file has everything that each thread
  /// emitted up to the time that it states.
  @Suite(.randomized) struct KilledFileTests {
    @Test(arguments: ["discard", "overwrite"])
    func theFileIsCompleteUpToTheTimeThatItSays(mode: String) throws {
      let scratch = try Scratch()
      // More threads than CPUs, so that they move between rings.
      let storm = try scratch.storm(
        "--events", "1000000000", "--rate", "20000", "--threads", "4", "--payload", "mixed")
      var random = SeededGenerator()
      for round in 0..<Rounds.count(1) {
        let path = scratch.path("killed-\(round).etl")
        let session = try scratch.collect(
          to: "killed-\(round).etl", "-mode", mode, "-buffer-size", "16MB")
        try waitUntil("the file says up to when it is complete") {
          (try? TraceFile(path: path))?.completeTicks != nil
        }
        usleep(UInt32(random.below(400_000)))
        session.send(SIGKILL)
        try session.wait()
        let file = try TraceFile(path: path)
        let limit = try #require(file.completeTicks)
        let trace = try StormTrace(path: path, upTo: limit)
        #expect(trace.workers.values.filter { !$0.isWhole }.isEmpty, "round \(round)")
        if mode == "overwrite" { #expect(file.eventCount == 0) }
        unlink(path)
      }
      #expect(!storm.hasEnded)
      // The messages for users.
      let session = try scratch.collect(to: "said.etl", "-mode", mode)
      try waitUntil("the file says up to when it is complete") {
        (try? TraceFile(path: scratch.path("said.etl")))?.completeTicks != nil
      }
      session.send(SIGKILL)
      try session.wait()
      for command in ["info", "verify", "dump"] {
        let said = try ChildProcess(
          Tools.tracectl, [command, scratch.path("said.etl")], in: scratch)
        try said.wait()
        #expect(said.output.contains("events are complete up to"), "\(command): \(said.output)")
      }
    }
  }
}
