import Glibc
import TestSupport
import Testing

@testable import TraceAnalysis

/// Noise that five runs do not show, and noise in which no regression would be seen.
@Suite(.randomized) struct GateNoiseTests {
  private static func rules(_ more: String = "") throws -> GateRules {
    let text = #"{"metrics":[{"name":"x","json":"x"}]"# + more + "}"
    return try GateRules(JSONValue(json: Array(text.utf8)))
  }

  private static func run(_ value: Double) -> GateRun {
    var run = GateRun()
    run.values["x"] = value
    return run
  }

  /// Verdicts on runs of a series, in percent of all.
  private struct Verdicts {
    var regressions = 0.0
    var passes = 0.0
    var open = 0.0
    /// The runs that are kept at the end.
    var accepted: [GateRun] = []
  }

  /// Judges each run of a series by the five before it, and accepts it.
  private static func judge(_ series: [Double], change: Double = 0) throws -> Verdicts {
    let rules = try rules()
    var counts: [GateReport.Verdict: Double] = [:]
    var accepted: [GateRun] = []
    for value in series {
      if accepted.count == rules.keep {
        let report = Gate(rules).judge([run(value * (1 + change))], baseline: accepted)
        counts[report.verdict, default: 0] += 100 / Double(series.count - rules.keep)
      }
      var new = run(value)
      new.remember(accepted, rules)
      accepted = (accepted + [new]).suffix(rules.keep)
    }
    return Verdicts(
      regressions: counts[.regression] ?? 0, passes: counts[.pass] ?? 0,
      open: counts[.cannotJudge] ?? 0, accepted: accepted)
  }

  private static func scaled(_ series: [Double], _ noise: Double) -> [Double] {
    let logs = Moments(series.map { log($0) })
    return series.map { exp(noise * (log($0) - logs.mean) / logs.deviation) }
  }

  private static func normal(_ count: Int, _ noise: Double, _ seed: UInt64) -> [Double] {
    var random = SeededGenerator(seed)
    return (0..<count).map { _ in 100 * (1 + noise * random.normal()) }
  }

  /// The recorded series have a noise of 19 to 30 %: a gate with a limit of 10 % says so, and
  /// neither fails nor passes.
  @Test func recordedSeriesAreNotJudged() throws {
    for series in RecordedSeries.all {
      let found = try Self.judge(series)
      #expect(found.regressions <= 1 && found.passes <= 1 && found.open >= 98, "\(found)")
      // What is three times as slow mostly cannot hide in the noise.
      #expect(try Self.judge(series, change: 2).passes == 0)
    }
  }

  @Test func theSameSeriesWithLessNoiseAreJudged() throws {
    for series in RecordedSeries.all.map({ Self.scaled($0, 0.03) }) {
      let found = try Self.judge(series)
      #expect(found.regressions <= 1 && found.open == 0, "\(found)")
      #expect(try Self.judge(series, change: 0.2).regressions >= 99)
    }
  }

  @Test func independentRuns() throws {
    let series = Self.normal(20_000, 0.03, 5)
    let found = try Self.judge(series)
    #expect(found.regressions <= 0.5 && found.open <= 0.1, "\(found)")
    #expect(try Self.judge(series, change: 0.2).regressions >= 99)
    #expect(try Self.judge(Self.normal(2000, 0.1, 6)).open >= 95)
  }

  /// A version that is twice as slow was accepted: the runs after it are judged as before.
  @Test func aNewLevelIsNoNoise() throws {
    var series = Self.normal(80, 0.03, 7)
    for place in 40..<80 { series[place] *= 2 }
    let before = try Self.judge(Array(series[..<40]))
    #expect(before.open == 0)
    // 46 runs: five of the new level are kept.
    let after = try Self.judge(Array(series[..<46])).accepted
    let rules = try Self.rules()
    #expect(Gate(rules).judge([Self.run(200)], baseline: after).verdict == .pass)
    #expect(Gate(rules).judge([Self.run(260)], baseline: after).verdict == .regression)
    let memory = try #require(after.last?.noise["x"])
    #expect(memory.runs == 30 && memory.deviation_percent < 8)
  }

  @Test func whatIsTooNoisyIsSaid() throws {
    let base = [100, 130, 85, 115, 95].map(Self.run)
    let row = try #require(
      Gate(try Self.rules()).judge([Self.run(100)], baseline: base).rows.first)
    let noise = try #require(row.noise_percent)
    #expect(row.verdict == .cannotJudge && noise > 60)
    #expect(row.problem == .noisy(metric: "x", noise: noise, limit: 20))
    // Worse than chance explains, even so.
    func verdict(_ value: Double, _ more: String) throws -> GateReport.Verdict {
      Gate(try Self.rules(more)).judge([Self.run(value)], baseline: base).verdict
    }
    #expect(try verdict(100 * (2 + noise / 100), "") == .regression)
    #expect(try verdict(100, #","noise_percent_max":1000"#) == .pass)
    #expect(try verdict(100, #","limit_percent":70"#) == .pass)
    #expect(try verdict(100, #","limit_percent":20"#) == .cannotJudge)
  }

  @Test func aMetricHasItsOwnLimitOfNoise() throws {
    let text = """
      {"noise_percent_max":1,"metrics":[{"name":"x","json":"x","noise_percent_max":90}]}
      """
    let rules = try GateRules(JSONValue(json: Array(text.utf8)))
    let base = [100, 110, 95, 105, 98].map(Self.run)
    #expect(Gate(rules).judge([Self.run(100)], baseline: base).verdict == .pass)
  }

  @Test func aMeanOfZeroTellsNothing() throws {
    let base = [-1, 1, -2, 2, 0].map(Self.run)
    let row = try #require(Gate(try Self.rules()).judge([Self.run(0)], baseline: base).rows.first)
    #expect(row.verdict == .cannotJudge && row.problem == .noMean(metric: "x"))
  }

  /// The mean is that of the last five, whatever is kept.
  @Test func onlyTheLastRunsAreTheMeasure() throws {
    let rules = try Self.rules(#","keep":8"#)
    let base = [200, 200, 200, 100, 100, 100, 100, 100].map(Self.run)
    let row = try #require(Gate(rules).judge([Self.run(105)], baseline: base).rows.first)
    #expect(row.base == 100)
  }

  @Test func memoryIsStored() throws {
    var run = Self.run(110)
    run.remember([100, 102, 98].map(Self.run), try Self.rules())
    let memory = try #require(run.noise["x"])
    // 10 % over √(1 + 1/3), but at most three times 3 %.
    #expect(memory.runs == 1 && (memory.deviation_percent - 8.66).magnitude < 0.01)
    let stored = try JSONValue(json: Array(run.stored.description.utf8))
    #expect(GateRun(stored: stored) == run)
    for wrong in ["-1", "\"1\"", "null"] {
      let text =
        "{\"gate_run\":1,\"values\":{\"x\":1},\"noise\":{\"x\":{\"deviation_percent\":\(wrong),"
        + "\"runs\":3}}}"
      #expect(GateRun(stored: try JSONValue(json: Array(text.utf8))) == nil)
    }
    let long = #"{"gate_run":1,"values":{},"noise":{"x":{"deviation_percent":1,"runs":1e9}}}"#
    #expect(GateRun(stored: try JSONValue(json: Array(long.utf8)))?.noise["x"]?.runs == 30)
  }
}
