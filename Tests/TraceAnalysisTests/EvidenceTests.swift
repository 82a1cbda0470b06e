import Glibc
import TestSupport
import Testing

@testable import TraceAnalysis

/// Intervals and limits, compared with what is computed by hand and counted in simulations.
@Suite(.randomized) struct EvidenceTests {
  @Test func intervalOfTwoCounts() throws {
    let evidence = try #require(Evidence.counts(base: 1000, 10, new: 1200, 10))
    var limits = ScoreLimits(beyond: 0.05)
    let interval = evidence.interval(&limits)
    // log(1200.5 / 1000.5) ± 1.96 × √(1/1000.5 + 1/1200.5)
    #expect((interval.lowerBound - 10.333).magnitude < 0.001)
    #expect((interval.upperBound - 30.492).magnitude < 0.001)
    let wide = evidence.interval(&limits, excess: 2)
    #expect((wide.lowerBound - 1.454).magnitude < 0.001)
    #expect((wide.upperBound - 41.913).magnitude < 0.001)
    #expect((evidence.probability() - 2.07e-5).magnitude < 1e-7)
  }

  /// The true change is outside of a 95 % interval in 5 % of the cases.
  @Test func intervalsHoldTheTruth() throws {
    var random = SeededGenerator(11)
    var (outside, outsideOfRuns) = (0, 0)
    let rounds = 4000
    for _ in 0..<rounds {
      var limits = ScoreLimits(beyond: 0.05)
      let base = Double(random.poisson(200))
      let new = Double(random.poisson(300))
      let counts = try #require(Evidence.counts(base: base, 1, new: new, 1))
      if !counts.interval(&limits).contains(50) { outside += 1 }
      func runs(_ mean: Double) -> [Double] {
        (0..<4).map { _ in mean * exp(0.1 * random.normal()) }
      }
      let several = try #require(Evidence.runs(base: runs(1), new: runs(1.5)))
      if !several.interval(&limits).contains(50) { outsideOfRuns += 1 }
    }
    #expect((3.5...6.5).contains(Double(outside) / Double(rounds) * 100), "\(outside)")
    #expect((3.5...6.5).contains(Double(outsideOfRuns) / Double(rounds) * 100), "\(outsideOfRuns)")
  }

  /// Benjamini and Hochberg's rule.
  @Test func manyAtOnce() {
    #expect(Discoveries.limit([0.04]) == 0.05)
    #expect(Discoveries.limit([0.04, 0.9, 0.9, 0.9, 0.9]) == 0.01)
    #expect(Discoveries.limit([0.04, 0.045, 0.9, 0.9, 0.9]) == 0.01)
    #expect((Discoveries.limit([0.001, 0.015, 0.9, 0.9, 0.9]) - 0.02).magnitude < 1e-12)
    let scores = (0..<100).map { Double($0 % 10) - 4.5 }
    #expect((Discoveries.excess(scores) - 2.5 / 0.6745).magnitude < 1e-9)
    #expect(Discoveries.excess(scores.map { $0 / 10 }) == 1)
  }

  /// A function that grew like everything else changed by nothing beyond that, and comes last.
  @Test func orderIsByWhatTheTotalDoesNotPredict() throws {
    func frame(_ name: String) -> StackFrame { StackFrame(.function, module: "m", function: name) }
    func run(_ amounts: [UInt64]) -> RunProfile {
      var run = RunProfile(
        lost: LostEvents(), partial: [], trace: "t", events: 1, span_ns: 1_000_000_000, cpus: 1)
      for (number, count) in amounts.enumerated() {
        let id = run.frames.id(of: frame("f\(number)"))
        let metric = StackMetric(count: count, weight: count * 1000)
        run.tree.add(metric, at: run.tree.child(of: StackTree.root, id))
        run.total &+= metric
      }
      run.functions = CallTree(run.tree).byName(frameCount: run.frames.count)
      run.interval_ns = 1000
      return run
    }
    // The total doubles, and so does f0, nearly; f1 triples, and f2 falls; f3 stays.
    let report = Comparison(
      base: [run([50_000, 10_000, 10_000, 100])], new: [run([102_100, 30_000, 8_000, 100])]
    ).report()
    let rows = report.functions(limit: 4)
    #expect(rows.map(\.frame.function) == ["f2", "f1", "f0", "f3"])
    #expect(rows.map { ($0.overweight_percent ?? .nan).rounded() } == [-20, 200, 104, 0])
    #expect(rows.map { ($0.excess / 1000).rounded() } == [-12_000, 10_000, 2100, -100])
    #expect(rows.map(\.exclusive.verdict) == [.lower, .higher, .higher, .notDistinguishable])
  }
}
