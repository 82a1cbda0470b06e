/// Compares the profiles of two sets of runs.
public struct Comparison {
  private let base: [RunProfile]
  private let new: [RunProfile]
  private let divisor: RunDivisor

  /// - Parameters:
  ///   - base: at least one run.
  ///   - new: at least one run.
  public init(base: [RunProfile], new: [RunProfile], per divisor: RunDivisor = .second) {
    (self.base, self.new, self.divisor) = (base, new, divisor)
  }

  /// Returns the report.
  ///
  /// - Parameter hasTree: whether the report has a ``DifferenceTree``.
  /// - Cost: linear in the number of functions, and of stacks for the tree.
  public func report(hasTree: Bool = false) -> ComparisonReport {
    var functions = FunctionComparison(base: base, new: new)
    functions.judge()
    var measures = MeasureComparison(base: base, new: new)
    measures.judge()
    var report = ComparisonReport(
      lost: LostEvents(of: base + new), partial: (base + new).flatMap(\.partial), base: base,
      new: new, divisor: divisor, cautions: cautions, total: functions.total,
      functions: functions.rows, measures: measures.rows, limit: functions.limit,
      excess: functions.excess)
    if hasTree {
      report.difference = DifferenceTree(base: base, new: new) {
        Double($0) / ($1.divisor ?? 1)
      }
    }
    return report
  }

  private var cautions: [ComparisonReport.Caution] {
    var found: [ComparisonReport.Caution] = []
    let all = base + new
    let programs = (programs(base), programs(new))
    if programs.0 != programs.1 {
      found.append(.differentPrograms(base: programs.0, new: programs.1))
    }
    let isTime = all.allSatisfy { $0.quantity.unit == .cpuTime }
    let rates = (values(base, \.rate_hz), values(new, \.rate_hz))
    if isTime, Set(rates.0 + rates.1).count > 1 {
      found.append(.differentRates(base: rates.0, new: rates.1))
    }
    let cpus = (values(base, \.cpus), values(new, \.cpus))
    if Set(cpus.0 + cpus.1).count > 1 { found.append(.differentCPUs(base: cpus.0, new: cpus.1)) }
    for run in all where run.lost.events > 0 {
      found.append(.losses(trace: run.trace, percent: run.lost_percent))
    }
    found += all.filter { !$0.partial.isEmpty }.map { .incomplete(trace: $0.trace) }
    found += all.filter { $0.divisor == nil }.map { .noDivisor(trace: $0.trace) }
    found += all.filter { $0.total.count == 0 }.map { .noSamples(trace: $0.trace) }
    let spans = (mean(base), mean(new))
    if max(spans.0, spans.1) > min(spans.0, spans.1) * 1.1 {
      found.append(.differentLengths(base: spans.0, new: spans.1))
    }
    if base.count < 2 || new.count < 2 {
      found.append(all.allSatisfy(\.quantity.isCounted) ? .oneRun : .oneProfile)
    }
    return found
  }

  private func programs(_ runs: [RunProfile]) -> [String] {
    Set(runs.flatMap(\.programs)).sorted()
  }

  private func values<Value: Comparable & Hashable>(
    _ runs: [RunProfile], _ value: (RunProfile) -> Value
  ) -> [Value] {
    Set(runs.filter { $0.total.count > 0 }.map(value)).sorted()
  }

  private func mean(_ runs: [RunProfile]) -> Double {
    Moments(runs.map { Double($0.span_ns) / 1e9 }).mean
  }
}

extension RunProfile {
  /// Samples per second of CPU time, rounded to two digits, as intervals vary; 0 without samples.
  fileprivate var rate_hz: Double {
    guard interval_ns > 0 else { return 0 }
    let rate = 1e9 / Double(interval_ns)
    var scale = 1.0
    while rate / scale >= 100 { scale *= 10 }
    return (rate / scale).rounded() * scale
  }
}

extension LostEvents {
  /// The losses of several traces.
  fileprivate init(of runs: [RunProfile]) {
    self.init()
    for run in runs {
      overwrittenEvents = overwrittenEvents.addingClamped(run.lost.overwrittenEvents)
      for added in run.lost.causes {
        if let place = causes.firstIndex(where: { $0.cause == added.cause }) {
          causes[place].events = causes[place].events.addingClamped(added.events)
        } else {
          causes.append(added)
        }
      }
    }
  }
}
