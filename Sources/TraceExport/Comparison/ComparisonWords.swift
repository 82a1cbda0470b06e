internal import TraceAnalysis
internal import TraceEvents

// The words and numbers in which texts of comparisons speak.

extension RunDivisor {
  /// `per second`
  var phrase: String {
    switch self {
    case .second: "per second"
    case .run: "per run"
    case .cpu: "per second of CPU time"
    case .event(let name): "per \(name)"
    case .request: "per request"
    }
  }
}

extension RunMeasure.Unit {
  /// Returns a number with its unit.
  func text(_ value: Double) -> String {
    switch self {
    case .count:
      value < 100 ? fixed(value, decimals: value < 1 ? 4 : 2) : grouped(nearestWhole(value))
    case .ns:
      value < 10 && value > 0
        ? fixed(value, decimals: 2) + " ns" : shortDuration(nanoseconds: nearestWhole(value))
    case .bytes: readableBytes(nearestWhole(value))
    }
  }
}

extension ComparedQuantity {
  /// Returns an amount with its unit.
  func text(_ value: Double) -> String {
    switch unit.hint {
    case .nanoseconds: RunMeasure.Unit.ns.text(value)
    case .microseconds: RunMeasure.Unit.ns.text(value * 1e3)
    case .milliseconds: RunMeasure.Unit.ns.text(value * 1e6)
    case .bytes: RunMeasure.Unit.bytes.text(value)
    default: RunMeasure.Unit.count.text(value)
    }
  }
}

extension ComparisonReport.Change {
  /// `+12.3 %`, or what takes its place.
  var percentText: String {
    guard let percent else { return new > 0 ? "new" : "" }
    if new == 0 { return "gone" }
    return signed(percent) + " %"
  }

  /// `+10.1 … +14.5`; empty if not known.
  var intervalText: String {
    guard let interval_percent else { return "" }
    let high = interval_percent.upperBound
    return "\(signed(interval_percent.lowerBound)) … \(high < 1e6 ? signed(high) : "any")"
  }

  var verdictText: String { verdict == .unknown ? "noise not known" : verdict.rawValue }
}

/// Returns a number with one decimal and its sign: `+1.2`
func signed(_ value: Double) -> String {
  let text = fixed(value.magnitude, decimals: value.magnitude < 1000 ? 1 : 0)
  return (value < 0 ? "-" : "+") + text
}

extension ComparisonReport.Caution {
  /// What limits the comparison, as a sentence.
  var sentence: String {
    switch self {
    case .oneRun:
      "There is one run on a side: intervals cover the noise of samples and counts, and not that "
        + "of one run to the next; compare several with -base and -new."
    case .oneProfile:
      "There is one run on a side, and nothing tells the noise of these amounts; compare several "
        + "with -base and -new."
    case .differentPrograms(let base, let new):
      "The programs differ: \(list(base)) before, \(list(new)) now."
    case .differentRates(let base, let new):
      "Samples were taken at different rates: \(rates(base)) before, \(rates(new)) now; CPU "
        + "times can be compared, numbers of samples cannot."
    case .differentCPUs(let base, let new):
      "The machines have different numbers of CPUs: \(list(base.map { "\($0)" })) before, "
        + "\(list(new.map { "\($0)" })) now."
    case .losses(let trace, let percent):
      "\(trace) has lost \(fixed(percent, decimals: 2)) % of its events: its amounts are too low."
    case .incomplete(let trace): "\(trace) is incomplete: see 'tracectl verify'."
    case .noDivisor(let trace):
      "\(trace) has nothing of what amounts are divided by: its amounts are those of the whole run."
    case .noSamples(let trace):
      "\(trace) has no such stacks in the selected processes and times."
    case .differentLengths(let base, let new):
      "The runs last \(fixed(base, decimals: 1)) s before and \(fixed(new, decimals: 1)) s now: "
        + "with a fixed amount of work, compare -per run or -per an event."
    }
  }

  /// Name for programs that read the report.
  var name: String {
    switch self {
    case .oneRun, .oneProfile: "one run"
    case .differentPrograms: "different programs"
    case .differentRates: "different sampling rates"
    case .differentCPUs: "different numbers of CPUs"
    case .losses: "losses"
    case .incomplete: "incomplete"
    case .noDivisor: "no divisor"
    case .noSamples: "no samples"
    case .differentLengths: "different lengths"
    }
  }

  private func list(_ names: [String]) -> String {
    names.isEmpty ? "none" : names.joined(separator: ", ")
  }

  private func rates(_ rates: [Double]) -> String {
    list(rates.map { fixed($0, decimals: 0) + " Hz" })
  }
}
