import Glibc
import TestSupport
import Testing
import TraceFormat

extension EndToEnd {
  @Suite struct CountingTests {
    /// 16 processes × 8 threads with sufficient buffers: all events are in the trace, in order.
    @Test(arguments: ["discard", "overwrite", "block"])
    func nothingIsLostWhereThereIsRoom(mode: String) throws {
      let scratch = try Scratch()
      try scratch.collectStorm(
        to: "all.etl", options: ["-mode", mode, "-buffer-size", "64MB"],
        storm: ["--processes", "16", "--threads", "8", "--events", "2000", "--payload", "mixed"])
      let trace = try StormTrace(path: scratch.path("all.etl"))
      #expect(trace.workers.count == 16 * 8)
      trace.expectWhole(emitted: 16 * 8 * 2000)
    }

    /// The same with the session stopped while they emit, and with buffers that are too small.
    @Test(arguments: ["discard", "overwrite", "block"])
    func whatIsLostIsCounted(mode: String) throws {
      let scratch = try Scratch()
      let (processes, threads, events) = (16, 8, 2000)
      let session = try scratch.collect(
        to: "lossy.etl", "-mode", mode, "-buffer-size", "128KB")
      let note = scratch.path("note")
      let storm = try scratch.storm(
        "--processes", "\(processes)", "--threads", "\(threads)", "--events", "\(events)",
        "--wait-for-enable", "20", "--wait-for-file", scratch.path("go"), "--shared-note", note)
      try waitUntil("all processes are enabled; their output: \(storm.output)") {
        (try? StormNote(path: note, threads: threads))?.areAllReady ?? false
      }
      session.send(SIGSTOP)
      close(creat(scratch.path("go"), 0o600))
      // Threads that block for space each give up after a limit.
      try storm.succeed(seconds: 120)
      session.send(SIGCONT)
      try session.interrupt()
      let trace = try StormTrace(path: scratch.path("lossy.etl"))
      #expect(trace.lostCount > 0)
      let cause: LossCause =
        switch mode {
        case "overwrite": .overwritten
        case "block": .blockTimeout
        default: .bufferFull
        }
      #expect(trace.lost[cause, default: 0] > 0, "\(trace.lost)")
      trace.expectAccounted(emitted: UInt64(processes * threads * events))
    }

    /// A flight recorder keeps the newest events: on one CPU, the numbers up to the last.
    @Test func overwriteKeepsTheNewest() throws {
      let scratch = try Scratch()
      let session = try scratch.collect(
        to: "newest.etl", "-mode", "overwrite", "-buffer-size", "256KB")
      let note = scratch.path("note")
      let storm = try ChildProcess(
        "taskset",
        [
          "-c", "0", Tools.storm, "--events", "100000", "--wait-for-enable", "20",
          "--wait-for-file", scratch.path("go"), "--shared-note", note,
        ], in: scratch)
      try waitUntil("the storm is enabled; its output: \(storm.output)") {
        (try? StormNote(path: note, threads: 1))?.areAllReady ?? false
      }
      session.send(SIGSTOP)
      close(creat(scratch.path("go"), 0o600))
      try storm.succeed()
      session.send(SIGCONT)
      try session.interrupt()
      let trace = try StormTrace(path: scratch.path("newest.etl"))
      let kept = try #require(trace.workers.values.first)
      #expect(kept.isWhole)
      #expect(kept.last == 100_000)
      #expect(kept.count > 1000 && kept.count < 100_000)
      trace.expectAccounted(emitted: 100_000)
    }
  }
}
