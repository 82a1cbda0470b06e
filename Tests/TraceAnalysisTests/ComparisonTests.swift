import TestSupport
import Testing
import TraceFormat

@testable import TraceAnalysis

/// Comparisons of made-up profiles, whose truth is known.
@Suite(.randomized) struct ComparisonTests {
  /// A profile of functions `f0`, `f1` … with these expected numbers of samples.
  private static func profile(
    _ means: [Double], _ random: inout SeededGenerator, interval: UInt64 = 1_000_000,
    speed: Double = 1
  ) -> RunProfile {
    var run = RunProfile(
      lost: LostEvents(), partial: [], trace: "made", events: 1, span_ns: 10_000_000_000, cpus: 2)
    run.programs = ["made"]
    run.divisor = 10
    run.interval_ns = interval
    for (number, mean) in means.enumerated() {
      let frame = StackFrame(.function, module: "made", function: "f\(number)")
      let id = run.frames.id(of: frame)
      let count = random.poisson(mean * speed * 1e6 / Double(interval))
      guard count > 0 else { continue }
      let metric = StackMetric(count: count, weight: count * interval)
      run.tree.add(metric, at: run.tree.child(of: StackTree.root, id))
      run.total &+= metric
    }
    run.functions = CallTree(run.tree).byName(frameCount: run.frames.count)
    return run
  }

  /// A few large functions and many small ones, as in real programs.
  private static let means = (0..<300).map { 4000 / Double($0 + 1) }

  @Test func unchangedRunsAreNotDistinguishable() {
    var random = SeededGenerator(1)
    var (wrong, all) = (0, 0)
    for _ in 0..<40 {
      let sides = (Self.profile(Self.means, &random), Self.profile(Self.means, &random))
      let report = Comparison(base: [sides.0], new: [sides.1]).report()
      wrong += report.distinguishable.functions
      all += report.distinguishable.of
    }
    #expect(Double(wrong) < 0.002 * Double(all), "\(wrong) of \(all)")
  }

  @Test func aSlowerFunctionComesFirst() throws {
    var random = SeededGenerator(2)
    for _ in 0..<20 {
      var changed = Self.means
      changed[5] *= 1.5
      // Twice the rate: numbers of samples differ, CPU times do not.
      let base = Self.profile(Self.means, &random)
      let new = Self.profile(changed, &random, interval: 500_000)
      let report = Comparison(base: [base], new: [new]).report()
      let first = try #require(report.functions(limit: 1).first)
      #expect(first.frame.function == "f5" && first.exclusive.verdict == .higher)
      let interval = try #require(first.exclusive.interval_percent)
      #expect(interval.contains(50) && !interval.contains(0))
      #expect(report.distinguishable.functions <= 3)
      #expect(report.cautions.contains { if case .differentRates = $0 { true } else { false } })
    }
  }

  /// Runs that differ by more than their samples explain, such as by the machine's speed.
  @Test func severalRunsTellTheirOwnNoise() throws {
    var random = SeededGenerator(3)
    var (wrong, all, found) = (0, 0, 0)
    for round in 0..<40 {
      var changed = Self.means
      if round % 2 == 1 { changed[2] *= 2 }
      func side(_ means: [Double]) -> [RunProfile] {
        (0..<3).map { _ in
          let speed = 1 + 0.05 * random.normal()
          return Self.profile(means, &random, speed: speed)
        }
      }
      let (base, new) = (side(Self.means), side(changed))
      let report = Comparison(base: base, new: new).report()
      let names = report.functions.filter(\.exclusive.isDistinguishable).map(\.frame.function)
      if round % 2 == 1, names.contains("f2") { found += 1 }
      wrong += names.count { $0 != "f2" || round % 2 == 0 }
      all += report.functions.count
    }
    #expect(Double(wrong) < 0.01 * Double(all), "\(wrong) of \(all)")
    #expect(found >= 19, "\(found) of 20")
  }

  @Test func overweightIsGrowthComparedWithThatOfTheTotal() throws {
    var random = SeededGenerator(4)
    let base = Self.profile([100_000, 100_000], &random)
    let new = Self.profile([100_000, 140_000], &random)
    let report = Comparison(base: [base], new: [new]).report()
    let rows = report.functions(limit: 2)
    #expect(rows.first?.frame.function == "f1")
    // 40 % where the total grew by 20 %.
    let overweight = try #require(rows.first?.overweight_percent)
    #expect((overweight - 200).magnitude < 15)
  }

  @Test func circumstancesAreStated() {
    var random = SeededGenerator(5)
    let base = Self.profile([1000], &random)
    var new = Self.profile([1000], &random)
    new.programs = ["other"]
    new.cpus = 4
    new.span_ns = 20_000_000_000
    new.lost.causes = [LostEvents.Cause(cause: .bufferFull, events: 1)]
    new.partial = [.limited(what: "stacks")]
    new.divisor = nil
    let cautions = Comparison(base: [base], new: [new]).report().cautions
    #expect(
      cautions == [
        .differentPrograms(base: ["made"], new: ["other"]), .differentCPUs(base: [2], new: [4]),
        .losses(trace: "made", percent: 50), .incomplete(trace: "made"),
        .noDivisor(trace: "made"), .differentLengths(base: 10, new: 20), .oneRun,
      ])
  }

  @Test func namesOfRunsAreTheSame() {
    let frames = [
      StackFrame(.process, function: "java (12)"),
      StackFrame(.function, module: "[jit]", function: "a$MH/0x00007f93d8002000.b", mark: "tier 1"),
      StackFrame(.function, module: "x", function: "a/0x1f"),
      StackFrame(.unresolved, function: "?", mark: "why"),
    ].map(\.inAnyRun.name)
    #expect(frames == ["Process java", "[jit]!a$MH/0x….b", "x!a/0x1f", "? (why)"])
  }
}
