import Glibc
import TraceAnalysis
import TraceEvents
import TraceExport
import TraceFormat

/// What `tracectl stacks` prints: what was sampled and what was lost, then functions by name and
/// the call tree.
struct StackReport {
  /// Processes that are named in the heading.
  static let processLimit = 5

  private let file: TraceFile
  private let totals: StackTotals
  private let unit: StackUnit
  private let eventName: String
  /// What is left of ``totals`` after the patterns; nil when there are none.
  private let shown: StackMetric?

  init(
    _ file: TraceFile, _ totals: StackTotals, _ unit: StackUnit, eventName: String,
    shown: StackMetric?
  ) {
    self.file = file
    self.totals = totals
    self.unit = unit
    self.eventName = eventName
    self.shown = shown
  }

  var heading: [String] {
    var lines = ["\(file.path): stacks of \(eventName)"]
    lines.append(item(unit == .cpuTime ? "samples" : "events", countSummary))
    if unit == .cpuTime {
      if let sampling = SamplingSummary(file).text { lines.append(item("sampling", sampling)) }
      lines.append(item("CPU time", cpuSummary))
    }
    lines.append(item("processes", processSummary))
    if let shown { lines.append(item("shown", shownSummary(shown))) }
    lines.append(item("unnamed", unresolvedSummary))
    if totals.cut.count > 0 { lines.append(item("cut", cutSummary)) }
    lines.append(item("lost", LossSummary(file).text))
    return lines
  }

  private func item(_ name: String, _ text: String) -> String { "  " + name.padding(to: 11) + text }

  private var span: UInt64 {
    totals.times.map { UInt64(clamping: $0.upperBound &- $0.lowerBound) } ?? 0
  }

  private var countSummary: String {
    let count = grouped(totals.metric.count)
    guard let times = totals.times else { return count }
    let from = fixed(Double(times.lowerBound) / 1e9, decimals: 3)
    let to = fixed(Double(times.upperBound) / 1e9, decimals: 3)
    var text = "\(count) in \(readableDuration(nanoseconds: span)) (from \(from) s to \(to) s)"
    if unit == .cpuTime, totals.usualWeight > 0 {
      let rate = 1e9 / Double(totals.usualWeight)
      text += ", at \(fixed(rate, decimals: rate < 10 ? 1 : 0)) Hz"
    }
    return text
  }

  private var cpuSummary: String {
    let seconds = Double(totals.metric.weight) / 1e9
    var text = fixed(seconds, decimals: seconds < 10 ? 3 : 1) + " s"
    if span > 0 {
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
      + "; \(totals.threadCount) \(totals.threadCount == 1 ? "thread" : "threads")"
  }

  private func shownSummary(_ shown: StackMetric) -> String {
    let share = percentage(unit.amount(of: shown), of: unit.amount(of: totals.metric))
    return "\(grouped(shown.count)) (\(share)), which are the 100 % below"
  }

  private var cutSummary: String {
    percentage(unit.amount(of: totals.cut), of: unit.amount(of: totals.metric))
      + " end at 'callers lost', before their outermost function; collect with -unwind dwarf, or "
      + "with more bytes of it, to see more"
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

/// `33.3 %`, and of next to nothing `<0.1 %`.
func percentage(_ part: UInt64, of whole: UInt64) -> String {
  guard part > 0, whole > 0 else { return "0 %" }
  let share = Double(part) / Double(whole) * 100
  return share < 0.1 ? "<0.1 %" : fixed(share, decimals: 1) + " %"
}

/// A file's losses in a line, by cause.
struct LossSummary {
  private let file: TraceFile

  init(_ file: TraceFile) { self.file = file }

  var text: String {
    var counts: [LossCause: UInt64] = [:]
    for loss in file.lossTotals { counts[loss.cause, default: 0] &+= loss.count }
    let overwritten = counts.removeValue(forKey: .overwritten) ?? 0
    let lost = counts.values.reduce(0, &+)
    let older = overwritten == 0 ? "" : "\(grouped(overwritten)) older events overwritten"
    guard lost > 0 else { return older.isEmpty ? "none" : "none but \(older)" }
    let causes = counts.filter { $0.value > 0 }
      .sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
      .map { "\($0.key.name) \(grouped($0.value))" }.joined(separator: ", ")
    let share = Double(lost) / (Double(lost) + Double(file.eventCount)) * 100
    return "*** \(grouped(lost)) EVENTS LOST (\(fixed(share, decimals: 2)) %): \(causes) ***"
      + (older.isEmpty ? "" : "; \(older)")
  }
}
