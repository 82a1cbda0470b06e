internal import TraceAnalysis

/// Sentences about an exported profile: what it shows, what is lost, and what is incomplete.
enum ProfileComments {
  static func lines(of profile: StackProfile) -> [String] {
    let stacks = profile.stacks
    let totals = stacks.totals
    let unit = stacks.unit
    var lines = ["\(stacks.trace): " + stacks.eventNames.joined(separator: ", ")]
    lines += stacks.completeness(events: stacks.events).map { line in
      line.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }
    func share(_ metric: StackMetric, _ text: String) {
      guard metric.count > 0 else { return }
      let part = percentage(unit.amount(of: metric), of: unit.amount(of: totals.metric))
      lines.append("\(part) \(text)")
    }
    share(totals.cut, "end at [callers lost]: their outermost callers are not recorded")
    share(totals.unresolved, "end in code without a name; the reason is in brackets behind '?'")
    share(totals.withoutStack, "have no stack: [no stack]")
    return lines
  }
}
