import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// If the kernel's events are refused, programs that link TraceProvider sample themselves, and
  /// their samples have names, too.
  @Suite struct TimerSamplingTests {
    func run(_ arguments: [String], in scratch: Scratch) throws -> String {
      let tool = try PerfForbidden.run {
        try ChildProcess(Tools.tracectl, arguments, in: scratch)
      }
      try tool.succeed()
      return tool.output
    }

    struct Native {
      var frames = 0
      var named = 0
      var names: Set<String> = []
    }

    /// The named frames in images.
    func native(_ file: TraceFile) throws -> Native {
      let symbolizer = Symbolizer(file)
      try symbolizer.prepare()
      var native = Native()
      let replay = Replay(file)
      replay.on(SampledProfile.self) { _, header in
        for (depth, address) in file.stack(header.stack).enumerated() {
          switch symbolizer.resolve(
            pid: header.pid, address: address, at: header.timestamp, isCaller: depth > 0)
          {
          case .symbol(let id, _, _):
            let symbol = symbolizer.symbol(id)
            guard symbol.source == .image else { continue }
            native.frames += 1
            native.named += 1
            native.names.insert(symbol.name)
          case .unresolved(.neverAnnounced, _): continue
          case .unresolved: native.frames += 1
          }
        }
      }
      try replay.run()
      return native
    }

    @Test func jitAndNativeFramesAreNamed() throws {
      let scratch = try Scratch()
      let trace = scratch.path("churn.etl")
      let oracle = scratch.path("oracle")
      let said = try run(
        [
          "collect", "-providers", "CPU,JIT,Symbol", "-mode", "block", "-o", trace, "--",
          Tools.miniVM, "--churn", "--oracle", oracle, AttributionTests.programs + "churn.mini",
          "6", "1500",
        ], in: scratch)
      #expect(said.contains("only programs that link TraceProvider are sampled"))
      let file = try TraceFile(path: trace)
      let verdict = try AttributionTests().judge(file, try Oracle(path: oracle))
      #expect(verdict.right >= 50)
      #expect(verdict.wrong.isEmpty, "of \(verdict.right): \(verdict.wrong.prefix(5))")
      #expect(verdict.unnamed.isEmpty, "of \(verdict.right): \(verdict.unnamed.prefix(5))")
      let native = try native(file)
      #expect(native.frames >= 50)
      #expect(native.named * 100 >= native.frames * 95, "\(native)")
      #expect(native.names.contains { $0.contains("main") }, "\(native)")
    }

    /// A program that does not link TraceProvider cannot be sampled then, which is reported.
    @Test func whatCannotBeSampledIsSaid() throws {
      let scratch = try Scratch()
      let trace = scratch.path("none.etl")
      let said = try run(["collect", "-providers", "CPU", "-o", trace, "--", "true"], in: scratch)
      #expect(said.contains("allow perf_event_open"))
      #expect(said.contains("there are no CPU samples: no program that links TraceProvider"))
      #expect(try TraceFile(path: trace).isComplete)
    }

    /// The step of the ladder is shown by `doctor`, `info` and `stacks`.
    @Test func theStepIsNamed() throws {
      let scratch = try Scratch()
      let trace = scratch.path("named.etl")
      let doctor = try run(["doctor"], in: scratch)
      #expect(doctor.contains("by timers in the program itself"))
      _ = try run(
        [
          "collect", "-providers", "CPU", "-o", trace, "--", Tools.miniVM,
          AttributionTests.programs + "churn.mini", "6", "600",
        ], in: scratch)
      for view in ["info", "stacks"] {
        let text = try run([view, trace], in: scratch)
        #expect(text.contains("999 Hz, by timers in the program itself"), "\(text)")
      }
    }
  }
}
