internal import TraceAnalysis

// The words and numbers in which texts of gates speak.

extension GateProblem {
  /// Why a gate cannot judge, as a sentence.
  package var sentence: String {
    switch self {
    case .rules(let what): "The rules cannot be used: \(what)."
    case .unreadable(let sentence): sentence
    case .noReport(let metric): "The new run has nothing from which '\(metric)' is taken."
    case .noNumber(let metric, let path):
      "'\(metric)' is missing: there is no number at \(path) in the new run."
    case .severalNumbers(let metric, let path, let count):
      "'\(metric)' is not one number: there are \(count) at \(path); add 'aggregate'."
    case .tooFewRuns(let found, let needed):
      "The baseline has \(counted(found, "accepted run")) and needs \(needed): accept more with "
        + "'tracectl gate accept'."
    case .notInBaseline(let metric, let runs, let all):
      "'\(metric)' is in \(runs) of the \(counted(all, "accepted run")): accept more with "
        + "'tracectl gate accept'."
    case .noisy(let metric, let noise, let limit):
      "'\(metric)' varies too much: unchanged runs may differ by \(fixed(noise, decimals: 1)) %, "
        + "and it is judged up to \(fixed(limit, decimals: 1)) %; record several runs, or set "
        + "'noise_percent_max'."
    case .noMean(let metric):
      "'\(metric)' cannot be compared: the mean of the accepted runs is 0."
    case .losses(let trace, let percent, let limit):
      "\(trace) has lost \(fixed(percent, decimals: 2)) % of its events; the limit is "
        + "\(fixed(limit, decimals: 2)) %."
    case .incomplete(let trace): "\(trace) is incomplete: see 'tracectl verify'."
    case .differentPrograms(let base, let new):
      "The programs differ: \(list(base)) in the baseline, \(list(new)) now."
    case .differentRates(let base, let new):
      "Samples were taken at different rates: \(fixed(base, decimals: 0)) Hz in the baseline, "
        + "\(fixed(new, decimals: 0)) Hz now."
    case .differentCPUs(let base, let new):
      "The machines have different numbers of CPUs: \(fixed(base, decimals: 0)) in the baseline, "
        + "\(fixed(new, decimals: 0)) now."
    }
  }

  private func list(_ names: [String]) -> String {
    names.isEmpty ? "none" : names.joined(separator: ", ")
  }
}

extension GateReport.Row {
  /// What is said of the metric, as a sentence.
  var sentence: String {
    if let problem { return problem.sentence }
    guard let base, let new else { return "" }
    let change = "\(Self.text(new)) after \(Self.text(base))"
    guard let worse_percent, let noise_percent else { return "\(change)." }
    let direction = worse_percent > 0 ? "worse" : "better"
    let size = "\(fixed(worse_percent.magnitude, decimals: 1)) % \(direction)"
    let limits =
      "limit \(fixed(limit_percent, decimals: 0)) %, noise \(fixed(noise_percent, decimals: 1)) %"
    return "\(change), \(size) (\(limits))."
  }

  /// `+12.3 %` for a metric that is worse by that.
  var worseText: String { worse_percent.map { signed($0) + " %" } ?? "" }
  var noiseText: String { noise_percent.map { fixed($0, decimals: 1) + " %" } ?? "" }
  var baseText: String { base.map(Self.text) ?? "" }
  var newText: String { new.map(Self.text) ?? "" }

  /// Returns a number of unknown unit with four digits.
  static func text(_ value: Double) -> String {
    guard value != 0 else { return "0" }
    var decimals = 3
    var rest = value.magnitude
    while rest >= 10, decimals > 0 { (rest, decimals) = (rest / 10, decimals - 1) }
    while rest < 1, decimals < 9 { (rest, decimals) = (rest * 10, decimals + 1) }
    return fixed(value, decimals: decimals)
  }
}

extension GateReport {
  /// The result of the whole, as a sentence.
  var sentence: String {
    let regressions = rows.count { $0.verdict == .regression }
    let open = rows.count { $0.verdict == .cannotJudge }
    switch verdict {
    case .pass: return "Pass: \(counted(rows.count, "metric")), none of them worse."
    case .regression:
      let more = open == 0 ? "" : "; \(counted(open, "metric")) cannot be judged"
      return "Regression: \(regressions) of \(counted(rows.count, "metric"))\(more)."
    case .cannotJudge:
      return "Cannot judge: \(open) of \(counted(rows.count, "metric")) cannot be judged."
    }
  }
}
