import Glibc
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct InterruptionTests {
    /// A signal handler emits while the interrupted thread is emitting.
    @Test func signalHandlersEmit() throws {
      let scratch = try Scratch()
      let note = scratch.path("note")
      try scratch.collectStorm(
        to: "signals.etl", options: ["-mode", "discard", "-buffer-size", "64MB"],
        storm: [
          "--threads", "4", "--events", "100000", "--payload", "mixed", "--signals",
          "--shared-note", note,
        ])
      let trace = try StormTrace(path: scratch.path("signals.etl"))
      let emitted = try StormNote(path: note, threads: 4).total
      #expect(trace.countByName["Signal", default: 0] > 0)
      trace.expectWhole(emitted: emitted)
    }

    /// 1600 short-lived threads emit.
    @Test func threadsComeAndGo() throws {
      let scratch = try Scratch()
      try scratch.collectStorm(
        to: "churn.etl", storm: ["--threads", "4", "--events", "4000", "--churn", "10"])
      try StormTrace(path: scratch.path("churn.etl")).expectWhole(emitted: 16_000)
    }

    /// A library that is loaded at run time adds a provider, and a second copy of the emitting
    /// code, to the process.
    @Test func loadedLibrariesEmit() throws {
      let scratch = try Scratch()
      let session = try scratch.collect("Storm,StormPlugin", to: "plugin.etl")
      try scratch.storm(
        "--events", "5000", "--wait-for-enable", "20",
        "--plugin", Tools.directory + "/libStormPlugin.so"
      ).succeed()
      try session.interrupt()
      let trace = try StormTrace(path: scratch.path("plugin.etl"))
      #expect(trace.lost.isEmpty)
      #expect(trace.countByName == ["Counter": 5000, "Plugin": 5000])
    }

    /// A child created by fork alone is a separate process in the trace, and so is one created by
    /// fork and exec.
    @Test func forkedChildrenAreProcesses() throws {
      let scratch = try Scratch()
      try scratch.collectStorm(
        to: "fork.etl",
        storm: ["--processes", "2", "--threads", "2", "--events", "3000", "--fork"])
      let trace = try StormTrace(path: scratch.path("fork.etl"))
      trace.expectWhole(emitted: 2 * 2 * 2 * 3000)
      #expect(Set(trace.workers.keys.map(\.pid)).count == 4)
      #expect(Set(trace.workers.keys.map(\.worker)).count == 8)
    }
  }
}
