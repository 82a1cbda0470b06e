import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite(.randomized) struct KillProgramTests {
    /// The program is killed with kill -9 at a random moment: every event whose emit had returned
    /// is in the file.
    @Test func nothingEmittedIsLost() throws {
      let rounds = Rounds.count(20)
      let threads = 2
      let scratch = try Scratch()
      let session = try scratch.collect(to: "kill.etl", "-mode", "block", "-buffer-size", "16MB")
      var random = SeededGenerator()
      var noted: [pid_t: [UInt64]] = [:]
      for round in 0..<rounds {
        let note = scratch.path("note-\(round)")
        let storm = try scratch.storm(
          "--events", "1000000000", "--threads", "\(threads)", "--shared-note", note,
          "--wait-for-enable", "20")
        try waitUntil("the storm begins; its output: \(storm.output)") {
          (try? StormNote(path: note, threads: threads))
            .map { $0.processCount == 1 && $0.emitted(thread: 0) > 0 } ?? false
        }
        usleep(UInt32(random.below(5000)))
        storm.send(SIGKILL)
        let stormCode = try storm.wait()
        #expect(stormCode == -SIGKILL)
        let final = try StormNote(path: note, threads: threads)
        noted[storm.pid] = (0..<threads).map { final.emitted(thread: $0) }
      }
      try session.interrupt()

      let trace = try StormTrace(path: scratch.path("kill.etl"))
      #expect(trace.lost.isEmpty)
      for (pid, counts) in noted {
        for (thread, count) in counts.enumerated() where count > 0 {
          let key = StormTrace.Key(pid: UInt32(pid), worker: UInt32(thread))
          let found = try #require(trace.workers[key], "nothing of \(key)")
          #expect(found.first == 1 && found.isWhole, "\(key): \(found)")
          // One more event, whose emit had not returned, may have been committed.
          #expect(
            found.last == count || found.last == count + 1, "\(key): \(found), noted \(count)")
        }
      }
    }
  }
}
