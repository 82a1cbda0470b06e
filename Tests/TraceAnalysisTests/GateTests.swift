import Glibc
import TestSupport
import Testing

@testable import TraceAnalysis

/// How often a gate errs. Docs/gate.md has the curve.
@Suite(.randomized) struct GateTests {
  private static func rules(_ change: (inout GateRules) -> Void = { _ in }) throws -> GateRules {
    let metric = #"{"metrics":[{"name":"x","json":"x"}]}"#
    var rules = try GateRules(JSONValue(json: Array(metric.utf8)))
    change(&rules)
    return rules
  }

  private static func run(_ value: Double) -> GateRun {
    var run = GateRun()
    run.values["x"] = value
    return run
  }

  /// Percentage of the rounds in which new runs with this change fail.
  private static func alarms(
    _ rounds: Int, noise: Double = 0.03, change: Double, newRuns: Int, seed: UInt64
  ) throws -> Double {
    var random = SeededGenerator(seed)
    let gate = Gate(try rules())
    var count = 0
    for _ in 0..<rounds {
      let base = (0..<5).map { _ in run(100 * (1 + noise * random.normal())) }
      let new = (0..<newRuns).map { _ in
        run(100 * (1 + change) * (1 + noise * random.normal()))
      }
      if gate.judge(new, baseline: base).verdict == .regression { count += 1 }
    }
    return Double(count) / Double(rounds) * 100
  }

  @Test func falseAlarmsAreRare() throws {
    #expect(try Self.alarms(10_000, change: 0, newRuns: 1, seed: 1) <= 0.5)
    #expect(try Self.alarms(10_000, change: 0, newRuns: 5, seed: 2) <= 0.1)
  }

  @Test func regressionsAreFound() throws {
    #expect(try Self.alarms(50_000, change: 0.20, newRuns: 1, seed: 3) >= 99)
    #expect(try Self.alarms(50_000, change: 0.15, newRuns: 5, seed: 4) >= 99)
  }

  /// Judges every run of a series by those before it.
  private static func alarms(_ series: [Double], change: Double, keep: Int) throws -> Double {
    let gate = Gate(try rules { $0.keep = keep })
    var (count, all) = (0, 0)
    for place in keep..<series.count {
      let base = series[place - keep..<place].map(run)
      all += 1
      let report = gate.judge([run(series[place] * (1 + change))], baseline: base)
      if report.verdict == .regression { count += 1 }
    }
    return Double(count) / Double(all) * 100
  }

  /// The recorded series with a noise of 3 %: its tails and its drift, but not its size.
  private static func scaled(_ series: [Double]) -> [Double] {
    let logs = Moments(series.map { log($0) })
    return series.map { exp(0.03 * (log($0) - logs.mean) / logs.deviation) }
  }

  @Test func recordedTailsAndDriftRaiseNoFalseAlarms() throws {
    for series in RecordedSeries.all {
      #expect(series.count == 900)
      #expect(try Self.alarms(Self.scaled(series), change: 0, keep: 5) <= 1)
      #expect(try Self.alarms(Self.scaled(series), change: 0.2, keep: 5) >= 99)
    }
  }

  /// The noise of this machine is ten times as large: 50 runs show it. Of five, only what they
  /// remember of earlier ones does; see ``GateNoiseTests``.
  @Test func manyStoredRunsShowTheNoise() throws {
    for series in RecordedSeries.all {
      #expect(try Self.alarms(series, change: 0, keep: 50) <= 1)
    }
  }

  @Test func directionCounts() throws {
    let text = #"{"metrics":[{"name":"x","json":"x","better":"higher","limit_percent":5}]}"#
    let gate = Gate(try GateRules(JSONValue(json: Array(text.utf8))))
    let base = [100, 101, 99, 100, 100].map(Self.run)
    #expect(gate.judge([Self.run(80)], baseline: base).verdict == .regression)
    #expect(gate.judge([Self.run(130)], baseline: base).verdict == .pass)
    #expect(gate.judge([Self.run(97)], baseline: base).verdict == .pass)
    let zero = [GateRun](repeating: Self.run(0), count: 5)
    #expect(Gate(try Self.rules()).judge([Self.run(0)], baseline: zero).verdict == .pass)
    #expect(Gate(try Self.rules()).judge([Self.run(1)], baseline: zero).verdict == .regression)
  }

  /// Worse than the limit, and than the noise limit of about 7 %.
  @Test func bothLimitsCount() throws {
    let base = [100, 100.5, 99.5, 100, 100].map(Self.run)
    func verdict(_ value: Double, limit: Double) throws -> GateReport.Verdict {
      Gate(try Self.rules { $0.limit_percent = limit }).judge([Self.run(value)], baseline: base)
        .verdict
    }
    #expect(try verdict(109, limit: 10) == .pass && verdict(111, limit: 10) == .regression)
    #expect(try verdict(106, limit: 5) == .pass && verdict(109, limit: 5) == .regression)
  }

  @Test func whatCannotBeJudgedNeverPasses() throws {
    let gate = Gate(try Self.rules())
    let base = [100, 101, 99, 100, 100].map(Self.run)
    #expect(gate.judge([Self.run(100)], baseline: []).verdict == .cannotJudge)
    #expect(gate.judge([Self.run(100)], baseline: Array(base.prefix(4))).verdict == .cannotJudge)
    #expect(gate.judge([], baseline: base).verdict == .cannotJudge)
    #expect(gate.judge([GateRun()], baseline: base).verdict == .cannotJudge)
    #expect(gate.judge([Self.run(100), GateRun()], baseline: base).verdict == .cannotJudge)
    #expect(
      gate.judge([Self.run(100)], baseline: Array(base.prefix(4))).problems
        == [.tooFewRuns(found: 4, needed: 5)])
    let withoutOne = Array(base.prefix(4)) + [GateRun()]
    #expect(gate.judge([Self.run(100)], baseline: withoutOne).verdict == .cannotJudge)
  }

  @Test func tracesMustBeOfTheSameKind() throws {
    let gate = Gate(try Self.rules())
    let kind = GateRun.Circumstances(
      trace: "t", programs: ["java"], cpus: 2, rate_hz: 999, lost_percent: 0, isPartial: false)
    func run(_ change: (inout GateRun.Circumstances) -> Void) -> GateRun {
      var run = Self.run(100)
      var other = kind
      change(&other)
      run.circumstances = other
      return run
    }
    let base = [GateRun](repeating: run { _ in }, count: 5)
    func problem(_ change: (inout GateRun.Circumstances) -> Void) -> GateProblem? {
      let report = gate.judge([run(change)], baseline: base)
      #expect(report.verdict == (report.problems.isEmpty ? .pass : .cannotJudge))
      return report.problems.first
    }
    #expect(problem { _ in } == nil)
    #expect(problem { $0.programs = ["java", "sh"] } == nil)
    #expect(problem { $0.programs = ["node"] } == .differentPrograms(base: ["java"], new: ["node"]))
    #expect(problem { $0.cpus = 4 } == .differentCPUs(base: 2, new: 4))
    #expect(problem { $0.rate_hz = 99 } == .differentRates(base: 999, new: 99))
    #expect(problem { $0.isPartial = true } == .incomplete(trace: "t"))
    #expect(problem { $0.lost_percent = 0.5 } == nil)
    #expect(problem { $0.lost_percent = 2 } == .losses(trace: "t", percent: 2, limit: 1))
  }
}
