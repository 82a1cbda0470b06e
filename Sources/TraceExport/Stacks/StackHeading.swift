internal import TraceAnalysis

/// The heading above the tables of a ``StackReport``: what was sampled, and what was lost.
struct StackHeading {
  /// Maximum number of processes named.
  static let processLimit = 5

  private let report: StackReport
  private let totals: StackTotals
  private let unit: StackUnit

  init(_ report: StackReport) {
    self.report = report
    totals = report.totals
    unit = report.unit
  }

  var lines: [String] {
    var lines = ["\(report.trace): stacks of \(eventName)"]
    if let wall = report.wall {
      lines += wallSummary(wall).map { item($0.name, $0.text) }
    } else {
      lines.append(item(unit == .cpuTime ? "samples" : "events", countSummary))
    }
    if unit == .cpuTime {
      if let sampling = report.sampling { lines.append(item("sampling", sampling.text)) }
      lines.append(item("CPU time", cpuSummary))
    }
    lines.append(item("processes", processSummary))
    let shown = report.calls.total
    if shown != totals.metric { lines.append(item("shown", shownSummary(shown))) }
    lines.append(item("unnamed", unresolvedSummary))
    if totals.cut.count > 0 { lines.append(item("cut", cutSummary)) }
    lines.append(item("lost", report.lost.text(recorded: report.events)))
    return lines
  }

  private var eventName: String {
    if report.wall != nil { return "wall-clock time" }
    let events = report.isSamples ? "CPU samples" : report.eventNames.joined(separator: ", ")
    if case .field(let name, _) = unit { return "\(events), weighted by \(name)" }
    return events
  }

  private func item(_ name: String, _ text: String) -> String { "  " + name.padding(to: 11) + text }

  private var span: UInt64 {
    totals.times.map { UInt64(clamping: $0.upperBound &- $0.lowerBound) } ?? 0
  }

  private var countSummary: String {
    let count = grouped(totals.metric.count)
    // The events of a profile have no times.
    guard totals.times != nil, !report.isProfile else { return count }
    var text = "\(count) in \(timeSummary)"
    if unit == .cpuTime, totals.usualWeight > 0 {
      let rate = 1e9 / Double(totals.usualWeight)
      text += ", at \(fixed(rate, decimals: rate < 10 ? 1 : 0)) Hz"
    }
    return text
  }

  private func wallSummary(_ wall: WallTime) -> [(name: String, text: String)] {
    let times = wall.times
    func part(_ time: UInt64) -> String {
      "\(readableDuration(nanoseconds: time)), \(percentage(time, of: times.life_ns))"
    }
    let samples =
      wall.samples == 0
      ? "; no CPU samples (-providers CPU), so that where is not known"
      : ", distributed over \(counted(wall.samples, "CPU sample"))"
    let runnable = wall.hasWakeUps ? "" : "; without wake-ups, the rest of it counts as blocked"
    let blocked =
      wall.hasStacks ? "" : "; no stacks (-stacks ContextSwitch), so that where is not known"
    var parts = [
      ("time", "\(readableDuration(nanoseconds: times.life_ns)) in \(timeSummary)"),
      ("running", part(times.running_ns) + samples),
      ("runnable", part(times.runnable_ns) + runnable),
      ("blocked", part(times.blocked_ns) + blocked),
    ]
    if times.unknown_ns > 0 {
      parts.append(
        (
          "unknown",
          part(times.unknown_ns) + "; before a thread's first event, or events are missing"
        ))
    }
    return parts
  }

  private var timeSummary: String {
    let from = fixed(Double(totals.times?.lowerBound ?? 0) / 1e9, decimals: 3)
    let to = fixed(Double(totals.times?.upperBound ?? 0) / 1e9, decimals: 3)
    return "\(readableDuration(nanoseconds: span)) (from \(from) s to \(to) s)"
  }

  private var cpuSummary: String {
    let seconds = Double(totals.metric.weight) / 1e9
    var text = fixed(seconds, decimals: seconds < 10 ? 3 : 1) + " s"
    if span > 0, !report.isProfile {
      let busy = Double(totals.metric.weight) / Double(span)
      text += ", \(fixed(busy, decimals: 2)) CPUs busy on average"
    }
    return text
  }

  private var processSummary: String {
    let total = unit.amount(of: totals.metric)
    let names = totals.processes.prefix(Self.processLimit).map { entry in
      let share = percentage(unit.amount(of: entry.metric), of: total)
      return "\(entry.process.name) (\(entry.process.pid)) \(share)"
    }
    let more = totals.processes.count - names.count
    return names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
      + "; \(counted(totals.threadCount, "thread"))"
  }

  private func shownSummary(_ shown: StackMetric) -> String {
    let share = percentage(unit.amount(of: shown), of: unit.amount(of: totals.metric))
    let amount =
      unit == .wallTime ? readableDuration(nanoseconds: shown.weight) : grouped(shown.count)
    return "\(amount) (\(share)), which count as 100 % below"
  }

  private var cutSummary: String {
    percentage(unit.amount(of: totals.cut), of: unit.amount(of: totals.metric))
      + " end at [callers lost], before the first function of their thread; collect with -unwind "
      + "dwarf, or copy more bytes with it, to see more"
  }

  private var unresolvedSummary: String {
    let total = unit.amount(of: totals.metric)
    var parts: [String] = []
    if totals.unresolved.count > 0 {
      parts.append(
        "\(percentage(unit.amount(of: totals.unresolved), of: total)) end in code without a name;"
          + " the reason is in brackets behind '?'")
    }
    if totals.withoutStack.count > 0 {
      parts.append("\(percentage(unit.amount(of: totals.withoutStack), of: total)) have no stack")
    }
    return parts.isEmpty ? "none" : parts.joined(separator: "; ")
  }
}
