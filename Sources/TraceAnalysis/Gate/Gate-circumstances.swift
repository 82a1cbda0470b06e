extension Gate {
  /// Returns what forbids to compare the runs.
  public func problems(_ new: [GateRun], _ kept: [GateRun]) -> [GateProblem] {
    var problems: [GateProblem] = []
    for run in new.compactMap(\.circumstances) {
      if run.lost_percent > rules.lost_percent_max {
        problems.append(
          .losses(
            trace: run.trace, percent: run.lost_percent, limit: rules.lost_percent_max))
      }
      if run.isPartial { problems.append(.incomplete(trace: run.trace)) }
      for base in kept.suffix(rules.runs).compactMap(\.circumstances) {
        let added = run.differences(from: base).filter { !problems.contains($0) }
        problems += added
      }
    }
    return problems
  }
}

extension GateRun.Circumstances {
  /// Returns what makes two runs measure different things.
  fileprivate func differences(from base: Self) -> [GateProblem] {
    var problems: [GateProblem] = []
    if Set(programs).isDisjoint(with: base.programs) {
      problems.append(.differentPrograms(base: base.programs, new: programs))
    }
    // Rates that differ by less than a tenth are the same setting.
    if max(rate_hz, base.rate_hz) > min(rate_hz, base.rate_hz) * 1.1 {
      problems.append(.differentRates(base: base.rate_hz, new: rate_hz))
    }
    if cpus != base.cpus { problems.append(.differentCPUs(base: base.cpus, new: cpus)) }
    return problems
  }
}
