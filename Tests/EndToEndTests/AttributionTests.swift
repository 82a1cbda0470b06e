import Glibc
import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

extension EndToEnd {
  /// CPU samples in short-lived code get the name of the function that was at the address at that
  /// time: all of them, and no other name.
  @Suite struct AttributionTests {
    struct Verdict {
      var right = 0
      var wrong: [String] = []
      var unnamed: [String] = []
    }

    static let programs =
      #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }
      + "/Samples/MiniVM/programs/"

    /// minivm with short-lived code, and its collection.
    struct Churn {
      let trace: String
      let collection: ChildProcess
      private let oraclePath: String

      init(_ announce: String, rate: Int, in scratch: Scratch) throws {
        trace = scratch.path("churn.etl")
        oraclePath = scratch.path("oracle")
        collection = try ChildProcess(
          Tools.tracectl,
          [
            "collect", "-providers", "CPU:\(rate),JIT,Symbol", "-mode", "block", "-o", trace, "--",
            Tools.miniVM, "--churn", "--announce", announce, "--oracle", oraclePath,
            AttributionTests.programs + "churn.mini", "6", "600",
          ], in: scratch)
      }

      /// Waits until it has ended.
      func oracle() throws -> Oracle {
        try collection.succeed()
        return try Oracle(path: oraclePath)
      }
    }

    func record(_ announce: String, in scratch: Scratch) throws -> (TraceFile, Oracle) {
      let churn = try Churn(announce, rate: 4999, in: scratch)
      let oracle = try churn.oracle()
      return (try TraceFile(path: churn.trace), oracle)
    }

    /// Checks every frame of every sample that is within a lifetime in the oracle.
    func judge(_ file: TraceFile, _ oracle: Oracle) throws -> Verdict {
      let symbolizer = Symbolizer(file)
      try symbolizer.prepare()
      var verdict = Verdict()
      let replay = Replay(file)
      let start = file.session.start.monotonicNanoseconds
      replay.on(SampledProfile.self) { _, header in
        let time = header.timestamp
        for (depth, address) in file.stack(header.stack).enumerated() {
          let isCaller = depth > 0
          guard address >> 63 == 0,
            let life = oracle.life(
              at: isCaller ? address - 1 : address, ns: start &+ UInt64(bitPattern: time))
          else { continue }
          let found = symbolizer.resolve(
            pid: header.pid, address: address, at: time, isCaller: isCaller)
          switch found {
          case .symbol(let id, _, _):
            let name = symbolizer.symbol(id).name
            if Self.function(name) == life.name {
              verdict.right += 1
            } else {
              verdict.wrong.append("\(name) for \(life.name), depth \(depth), at \(time)")
            }
          case .unresolved(let reason, _):
            verdict.unnamed.append("\(reason) for \(life.name), depth \(depth), at \(time)")
          }
        }
      }
      try replay.run()
      return verdict
    }

    /// The name without namespace and signature.
    static func function(_ name: String) -> String {
      let end = name.firstIndex(of: "(") ?? name.endIndex
      return name[..<end].split { ".:".contains($0) }.last.map(String.init) ?? ""
    }

    @Test(.needs(.kernelSamples), arguments: ["early", "late:50", "unload-only"])
    func everyNameIsRight(announce: String) throws {
      let scratch = try Scratch()
      let (file, oracle) = try record(announce, in: scratch)
      #expect(oracle.ended >= 3000)
      #expect(oracle.reuses > 0)
      let verdict = try judge(file, oracle)
      #expect(verdict.right >= 100)
      #expect(verdict.wrong.isEmpty, "of \(verdict.right): \(verdict.wrong.prefix(5))")
      #expect(verdict.unnamed.isEmpty, "of \(verdict.right): \(verdict.unnamed.prefix(5))")
    }

    @Test(.needs(.kernelSamples)) func whatIsNeverAnnouncedHasNoName() throws {
      let scratch = try Scratch()
      let (file, oracle) = try record("never", in: scratch)
      let verdict = try judge(file, oracle)
      #expect(verdict.right == 0)
      #expect(verdict.wrong.isEmpty, "\(verdict.wrong.prefix(5))")
      #expect(verdict.unnamed.count >= 100)
      // On a busy machine, the kernel may lose records, which the trace reports; that is then the
      // reason.
      let hasLosses = file.lossTotals.contains { $0.count > 0 }
      let others = verdict.unnamed.filter {
        !$0.hasPrefix("neverAnnounced") && !(hasLosses && $0.hasPrefix("eventsLost"))
      }
      #expect(others.isEmpty, "of \(verdict.unnamed.count): \(others.prefix(5))")
    }
  }
}
