public import TraceAnalysis

/// A ``ComparisonReport`` for human readers: the runs, what limits the comparison, functions, and
/// the other reports' numbers.
public struct ComparisonText: Renderer {
  /// Number of functions listed if the report does not say.
  private static let defaultLimit = 20

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: ComparisonReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let lines = heading(report) + functions(report, options.width) + measures(report)
    for line in lines {
      output.append(escaped: line)
      output.append("\n")
    }
  }

  private func heading(_ report: ComparisonReport) -> [String] {
    var lines = ["What changed, \(report.divisor.phrase)"]
    lines += report.base.map { "  base       " + run($0) }
    lines += report.new.map { "  new        " + run($0) }
    let events = (report.base + report.new).reduce(UInt64(0)) { $0 &+ $1.events }
    lines.append("  lost       " + report.lost.text(recorded: events))
    lines += report.cautions.map { "  caution    " + $0.sentence }
    if report.total.base + report.total.new > 0 {
      let name = report.quantity.name
      let label = name.count < 11 ? name.padding(to: 11) : name + "  "
      lines.append("  \(label)" + text(report.total, report.quantity))
    }
    return lines
  }

  private func run(_ run: RunProfile) -> String {
    // A profile need not have a length.
    let hasLength = !run.quantity.isProfile || run.span_ns > 0
    let parts =
      (hasLength ? [readableDuration(nanoseconds: run.span_ns)] : [])
      + (run.programs.isEmpty ? [] : [run.programs.joined(separator: ", ")])
    var text = "\(run.trace): " + parts.joined(separator: " of ")
    if run.total.count > 0 {
      let (unit, what) = (run.quantity.unit, run.quantity)
      text += ", \(counted(run.total.count, unit == .cpuTime ? "sample" : "event"))"
      if unit == .cpuTime {
        text += ", \(readableDuration(nanoseconds: run.total.weight)) of CPU time"
      } else if unit != .events {
        text += ", \(what.text(Double(run.total.weight))) of \(what.name)"
      }
    }
    return text
  }

  private func text(_ change: ComparisonReport.Change, _ unit: ComparedQuantity) -> String {
    var text = "\(unit.text(change.base)) before, \(unit.text(change.new)) now"
    if !change.percentText.isEmpty { text += ", \(change.percentText)" }
    if !change.intervalText.isEmpty { text += " (\(change.intervalText))" }
    return text + "; " + change.verdictText
  }

  private func functions(_ report: ComparisonReport, _ width: Int?) -> [String] {
    guard !report.functions.isEmpty else { return [] }
    let found = report.distinguishable
    let shown = report.functions(limit: report.listLimit ?? Self.defaultLimit)
    let cost = report.sortsByInclusive ? "inclusive" : "exclusive"
    let rows = shown.map { function in
      let change = report.sortsByInclusive ? function.inclusive : function.exclusive
      return [
        share(change.base, report.total.base), share(change.new, report.total.new),
        report.quantity.text(change.base), report.quantity.text(change.new),
        change.percentText, change.intervalText,
        function.overweight_percent.map { fixed($0, decimals: 0) } ?? "", change.verdictText,
        function.frame.name.shortened(to: width.map { max($0 - 90, 30) }),
      ]
    }
    let columns = [
      "base %", "new %", "base", "new", "change", "interval %", "overweight", "verdict", "function",
    ]
    return [
      "",
      "\(grouped(UInt64(found.functions))) of \(counted(found.of, "function")) differ in exclusive "
        + "\(report.quantity.name); by \(cost) \(report.quantity.name), the largest change first:",
      "",
    ] + Table(columns, rightAligned: [0, 1, 2, 3, 4, 5, 6], rows: rows).lines
      + leftOut(report.functions.count, shown: shown.count)
  }

  private func share(_ part: Double, _ whole: Double) -> String {
    whole > 0 ? fixed(part / whole * 100, decimals: 1) : ""
  }

  private func measures(_ report: ComparisonReport) -> [String] {
    guard !report.measures.isEmpty else { return [] }
    let rows = report.measures.map { measure in
      [
        measure.topic.rawValue, measure.unit.text(measure.change.base),
        measure.unit.text(measure.change.new), measure.change.percentText,
        measure.change.intervalText, measure.change.verdictText,
        measure.name + (measure.isAmount ? "" : " (not divided)"),
      ]
    }
    let columns = ["report", "base", "new", "change", "interval %", "verdict", "what"]
    return ["", "Other reports, \(report.divisor.phrase):", ""]
      + Table(columns, rightAligned: [1, 2, 3, 4], rows: rows).lines
  }
}
