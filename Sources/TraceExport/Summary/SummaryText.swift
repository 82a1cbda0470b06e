public import TraceAnalysis

/// A ``SummaryReport`` for human readers: a line for each number, and the command that shows more.
public struct SummaryText: Renderer {
  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: SummaryReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    var lines = [
      "\(report.trace): \(counted(report.events, "event")) in "
        + readableDuration(nanoseconds: report.duration_ns)
    ]
    lines += report.completeness(events: report.events)
    let unusual = report.topics.filter(\.isUnusual)
    let others = report.topics.filter { !$0.isUnusual }
    if report.topics.isEmpty { lines += ["", "There is nothing to sum up; see 'tracectl info'."] }
    if !unusual.isEmpty { lines += ["", "Unusual:", ""] + Self.table(unusual) }
    if !others.isEmpty { lines += ["", "Also:", ""] + Self.table(others) }
    for line in lines {
      output.append(escaped: line)
      output.append("\n")
    }
  }

  private static func table(_ topics: [SummaryReport.Topic]) -> [String] {
    Table(rows: topics.map { [$0.kind.command, sentence($0)] }).lines
  }

  /// What a line says.
  static func sentence(_ topic: SummaryReport.Topic) -> String {
    let time = topic.amount_ns.map(shortDuration) ?? "?"
    let longest = topic.max_ns.map(shortDuration) ?? "?"
    let share = topic.percent.map { fixed($0, decimals: 1) + " %" } ?? "?"
    let process = "\(topic.subject ?? "?")\(topic.pid.map { " (\($0))" } ?? "")"
    let count = topic.count ?? 0
    switch topic.kind {
    case .losses: return "\(counted(count, "event was", "events were")) lost, \(share) of all."
    case .partial: return "The trace is incomplete."
    case .system(let finding): return SystemVerdict.sentence(finding)
    case .collections:
      return "\(process) was paused for \(share) of the time, \(time), by "
        + "\(counted(count, "collection")), at most \(longest)."
    case .stalls:
      return "Threads of \(process) waited \(counted(count, "time")) for memory, \(time) in all, "
        + "at most \(longest)."
    case .exceptions:
      let rate = topic.rate.map { ", \(fixed($0, decimals: 1)) a second" } ?? ""
      let most = topic.most.map { ", mostly \($0)" } ?? ""
      return "\(process) threw \(counted(count, "exception"))\(rate)\(most)."
    case .requests:
      let most = topic.most.map { " (\($0))" } ?? ""
      return "\(process) served \(counted(count, "request")) in \(time), the slowest in "
        + "\(longest)\(most)."
    case .threads:
      let most = topic.most.map { "; other waits were mostly for \($0)" } ?? ""
      return "\(counted(count, "thread")) of \(process) waited for a CPU in \(share) of the time "
        + "with work, \(time)\(most)."
    case .contention:
      let most = topic.most.map { ", mostly for \($0)" } ?? ""
      return "Threads of \(process) waited \(counted(count, "time")) for locks, \(time) in all, at "
        + "most \(longest)\(most)."
    case .allocations:
      let rate = topic.rate.map { ", \(readableBytes(nearestWhole($0))) a second" } ?? ""
      let most = topic.most.map { ", mostly \($0)" } ?? ""
      return "\(process) allocated \(readableBytes(count))\(rate)\(most)."
    case .compilations:
      // Some runtimes, such as the JVM, do not report how long they compile.
      return "\(process) compiled \(counted(count, "method"))"
        + (topic.amount_ns == 0 ? "." : " in \(time).")
    case .function: return "\(topic.subject ?? "?") used \(share) of the sampled CPU time, \(time)."
    }
  }
}
