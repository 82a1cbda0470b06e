import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// A session that is not scheduled loses samples. The file contains their number and time, and
  /// names that may be missing because of it are marked.
  @Suite(.needs(.kernelSamples)) struct KernelLossTests {
    /// The program must not wait for the stopped session, so tracing by it is disabled.
    static let program =
      "TRACE_DISABLE=1 \(Tools.miniVM) \(AttributionTests.programs)churn.mini 6 600"

    /// Starts a collection of a shell's script, with more samples than a stopped session can keep.
    func collect(
      _ script: String, into trace: String, in scratch: Scratch
    ) throws -> ChildProcess {
      try ChildProcess(
        Tools.tracectl,
        ["collect", "-providers", "CPU:19999", "-o", trace, "--", "/bin/sh", "-c", script],
        in: scratch)
    }

    @Test func aSessionThatStandsStill() throws {
      let scratch = try Scratch()
      let trace = scratch.path("trace.etl")
      let marks = (begun: scratch.path("begun"), done: scratch.path("done"))
      let vm = Self.program
      let collection = try collect(
        "\(vm); touch \(marks.begun); for i in 1 2 3; do \(vm); done; touch \(marks.done); \(vm)",
        into: trace, in: scratch)
      try waitUntil("the program has begun; \(collection.output)", seconds: 60) {
        access(marks.begun, F_OK) == 0
      }
      collection.send(SIGSTOP)
      try waitUntil("the program is done", seconds: 120) { access(marks.done, F_OK) == 0 }
      collection.send(SIGCONT)
      try collection.succeed()

      let file = try TraceFile(path: trace)
      #expect(file.isComplete)
      let losses = file.lossTotals.filter { $0.cause == .kernelBufferFull && $0.count > 0 }
      #expect(!losses.isEmpty)
      #expect(collection.output.contains("kernel buffer full"))
      let stacks = try ChildProcess(Tools.tracectl, ["stacks", trace], in: scratch)
      try stacks.succeed()
      #expect(stacks.output.contains("EVENTS LOST"))
      #expect(stacks.output.contains("kernel buffer full"))
      // Unannounced code at a time of losses must never be reported as "never announced".
      let reasons = try reasons(file)
      #expect(reasons.contains(.eventsLost))
      #expect(reasons.isDisjoint(with: [.neverAnnounced, .unloaded]))
    }

    /// The kernel reports a loss with the next record that it writes. There is no such record if
    /// the program ends before the session reads again.
    @Test func aSessionThatStandsStillToTheEnd() throws {
      let scratch = try Scratch()
      let trace = scratch.path("trace.etl")
      let begun = scratch.path("begun")
      let vm = Self.program
      let collection = try collect(
        "\(vm); echo $$ > \(begun); for i in 1 2 3 4; do \(vm); done", into: trace, in: scratch)
      try waitUntil("the program has begun; \(collection.output)", seconds: 60) {
        (try? readText(begun))?.hasSuffix("\n") == true
      }
      let number = try readText(begun).filter(\.isNumber)
      collection.send(SIGSTOP)
      try waitUntil("the program has ended", seconds: 120) {
        try readText("/proc/\(number)/stat").contains(") Z ")
      }
      collection.send(SIGCONT)
      try collection.succeed()
      #expect(collection.output.contains("kernel buffer full"))
      let file = try TraceFile(path: trace)
      #expect(file.lossTotals.contains { $0.cause == .kernelBufferFull && $0.count > 1000 })
      // Exit records are among the losses.
      #expect(file.processes.count > 1)
      #expect(file.processes.allSatisfy { $0.endTicks != nil })
    }

    /// Returns the reasons for missing names of samples' innermost frames, around times at which
    /// the kernel lost records. Each such time is considered separately, because between the first
    /// and the last there may be minutes without losses.
    func reasons(_ file: TraceFile) throws -> Set<UnresolvedReason> {
      let symbolizer = Symbolizer(file)
      try symbolizer.prepare()
      let (before, after) = (
        symbolizer.options.slackNanoseconds, symbolizer.options.lossReachNanoseconds
      )
      let losses = try file.losses().filter { $0.cause == .kernelBufferFull }.map {
        file.timestamp(ofTicks: $0.fromTicks) - before...file.timestamp(ofTicks: $0.toTicks) + after
      }
      var reasons: Set<UnresolvedReason> = []
      let replay = Replay(file)
      replay.on(SampledProfile.self) { _, header in
        guard let address = file.stack(header.stack).first,
          case .unresolved(let reason, _) = symbolizer.resolve(
            pid: header.pid, address: address, at: header.timestamp, isCaller: false),
          losses.contains(where: { $0.contains(header.timestamp) })
        else { return }
        reasons.insert(reason)
      }
      try replay.run()
      return reasons
    }
  }
}
