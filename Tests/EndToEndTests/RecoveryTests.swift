import Glibc
import TestSupport
import Testing
import TraceFormat

extension EndToEnd {
  /// After kill -9 of tracectl, the buffers of the programs complete the file.
  @Suite struct RecoveryTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Starts a collection of a continuing storm, and kills it when each of the storm's two threads
    /// has emitted more than `events`.
    private func killedCollection(_ options: String..., events: UInt64) throws -> ChildProcess {
      let note = scratch.path("note")
      let storm = try scratch.storm(
        "--events", "100000000", "--rate", "20000", "--threads", "2", "--payload", "mixed",
        "--shared-note", note, "--wait-for-enable", "60")
      let session = try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", "Storm", "-buffer-size", "16MB", "-o", scratch.path("trace.etl")]
          + options, in: scratch)
      try waitUntil("the storm emits; tracectl's output: \(session.output)") {
        (try? StormNote(path: note, threads: 2)).map { note in
          note.processCount == 1 && (0..<2).allSatisfy { note.emitted(thread: $0) > events }
        } ?? false
      }
      session.send(SIGKILL)
      try session.wait()
      return storm
    }

    private func recover(_ file: String = "trace.etl") throws -> StormTrace {
      let output = scratch.path("whole.etl")
      let recovering = try ChildProcess(
        Tools.tracectl, ["recover", scratch.path(file), "-o", output], in: scratch)
      try recovering.succeed()
      #expect(try TraceFile(path: output).isComplete)
      return try StormTrace(path: output)
    }

    /// Every event up to the kill is recovered once and in order, whether it was in the file, in
    /// the dead session's memory, or in the rings.
    @Test(arguments: ["discard", "overwrite", "block"])
    func theRingsCompleteTheFile(mode: String) throws {
      let storm = try killedCollection("-mode", mode, events: 10_000)
      let before = try StormTrace(path: scratch.path("trace.etl"))
      let whole = try recover()
      #expect(whole.eventCount > before.eventCount)
      #expect(whole.workers.count == 2)
      #expect(whole.workers.values.filter { !$0.isWhole }.isEmpty)
      #expect(whole.lostCount == 0)
      #expect(whole.eventCount > 20_000)
      #expect(!storm.hasEnded)
    }

    /// A second collection moves the unfinished file aside instead of writing over it.
    @Test func theNextCollectionKeepsWhatCanBeRecovered() throws {
      let storm = try killedCollection("-mode", "overwrite", events: 1000)
      let next = try scratch.collect(to: "trace.etl", "-duration", "200ms")
      try next.succeed()
      #expect(next.output.contains("trace.etl.unfinished"))
      #expect(try recover("trace.etl.unfinished").eventCount > 0)
      #expect(!storm.hasEnded)
    }

    @Test func whatCannotBeRecoveredIsSaid() throws {
      let storm = try killedCollection(events: 1000)
      storm.send(SIGKILL)
      try storm.wait()
      let gone = try ChildProcess(
        Tools.tracectl, ["recover", scratch.path("trace.etl"), "-o", scratch.path("x.etl")],
        in: scratch)
      let code = try gone.wait()
      #expect(code == 69)
      #expect(gone.output.contains("no running program holds buffers"))
      #expect(access(scratch.path("x.etl"), F_OK) != 0)
    }
  }
}
