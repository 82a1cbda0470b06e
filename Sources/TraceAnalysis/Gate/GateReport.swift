/// Whether new runs are worse than accepted ones.
public struct GateReport: Report {
  public var lost: LostEvents { LostEvents() }
  public var partial: [PartialReason] { [] }
  /// Why nothing can be judged; empty if only single metrics cannot.
  public var problems: [GateProblem] = []
  public var rows: [Row] = []
  /// Number of accepted runs, and of new ones.
  public var baseRuns: Int
  public var newRuns: Int

  /// What is said of a metric or of the whole.
  public enum Verdict: String, Hashable, Sendable {
    case pass
    case regression
    case cannotJudge = "cannot judge"
  }

  /// One metric.
  public struct Row: Hashable, Sendable {
    public var metric: GateMetric
    public var verdict: Verdict
    /// Why it cannot be judged.
    public var problem: GateProblem?
    /// Means of the last accepted runs and of the new runs.
    public var base: Double?
    public var new: Double?
    /// How much worse the new mean is, in percent of the base; negative if it is better. Nil if not
    /// known, or if the base is 0.
    public var worse_percent: Double?
    public var limit_percent: Double
    /// How much worse it may be by chance.
    public var noise_percent: Double?
    /// From this noise on the metric is not judged.
    public var noise_percent_max: Double
  }

  /// A regression is certain, so it outweighs metrics that cannot be judged.
  public var verdict: Verdict {
    if rows.contains(where: { $0.verdict == .regression }) { return .regression }
    let isJudged = problems.isEmpty && !rows.isEmpty && rows.allSatisfy { $0.verdict == .pass }
    return isJudged ? .pass : .cannotJudge
  }
}

/// Judges new runs by accepted ones.
public struct Gate {
  let rules: GateRules

  public init(_ rules: GateRules) { self.rules = rules }

  /// Returns the report.
  ///
  /// - Parameters:
  ///   - baseline: accepted runs, oldest first.
  ///   - new: runs of the same version.
  ///   - problems: what is known to prevent a judgement.
  public func judge(
    _ new: [GateRun], baseline: [GateRun], problems: [GateProblem] = []
  ) -> GateReport {
    let kept = Array(baseline.suffix(rules.keep))
    var report = GateReport(problems: problems, baseRuns: kept.count, newRuns: new.count)
    if kept.count < rules.runs {
      report.problems.append(.tooFewRuns(found: kept.count, needed: rules.runs))
    }
    report.problems += self.problems(new, kept)
    report.rows = rules.metrics.map { metric in
      var row = row(metric, new, kept)
      // What holds for the traces holds for all that comes from them.
      if let problem = report.problems.first {
        (row.verdict, row.problem) = (.cannotJudge, problem)
      }
      return row
    }
    return report
  }

  private func row(
    _ metric: GateMetric, _ new: [GateRun], _ kept: [GateRun]
  ) -> GateReport.Row {
    let limit = metric.limit_percent ?? rules.limit_percent
    let noiseMax = metric.noise_percent_max ?? rules.noise_percent_max ?? 2 * limit
    var row = GateReport.Row(
      metric: metric, verdict: .cannotJudge, limit_percent: limit, noise_percent_max: noiseMax)
    let values = new.compactMap { $0.values[metric.name] }
    if !values.isEmpty { row.new = Moments(values).mean }
    guard values.count == new.count, let mean = row.new else {
      row.problem =
        new.lazy.compactMap { $0.problems[metric.name] }.first ?? .noReport(metric: metric.name)
      return row
    }
    let known = kept.compactMap { $0.values[metric.name] }
    guard known.count == kept.count, known.count >= rules.runs else {
      row.problem = .notInBaseline(metric: metric.name, runs: known.count, of: kept.count)
      return row
    }
    let base = Moments(Array(known.suffix(rules.runs)))
    row.base = base.mean
    let worse = (mean - base.mean) * (metric.better == .lower ? 1 : -1)
    guard base.mean != 0 else {
      if base.variance > 0 {
        row.problem = .noMean(metric: metric.name)
      } else {
        row.verdict = worse > 0 ? .regression : .pass
      }
      return row
    }
    let percent = worse / base.mean.magnitude * 100
    let noise = noise(known, values, base, kept.last?.noise[metric.name])
    (row.worse_percent, row.noise_percent) = (percent, noise)
    if percent > limit, percent > noise {
      row.verdict = .regression
    } else if noise > noiseMax {
      row.problem = .noisy(metric: metric.name, noise: noise, limit: noiseMax)
    } else {
      row.verdict = .pass
    }
    return row
  }

  /// Returns the limit of the noise, in percent: the larger one of what the kept runs and of what
  /// all before them tell.
  private func noise(
    _ known: [Double], _ values: [Double], _ base: Moments, _ memory: NoiseMemory?
  ) -> Double {
    let (all, new) = (Moments(known), Moments(values))
    let freedom = all.freedom + new.freedom
    let variance = (all.variance * all.freedom + new.variance * new.freedom) / freedom
    func limit(_ deviation: Double, _ freedom: Double) -> Double {
      GateNoise(
        deviation: deviation, freedom: freedom, expected: rules.noise_percent,
        counts: (base.count, new.count)
      ).limit_percent
    }
    let now = limit(variance.squareRoot() / base.mean.magnitude * 100, freedom)
    guard let memory, memory.runs > 0 else { return now }
    return max(now, limit(memory.deviation_percent, memory.runs))
  }
}
