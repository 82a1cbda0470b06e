public import TraceAnalysis

/// A ``ChainReport`` for human readers: what the time was spent on, and the longest steps.
public struct ChainText: Renderer {
  /// Number of causes and of steps listed if the report does not say.
  private static let defaultLimit = 20
  /// Number of causes shown with their stacks, and of frames of a stack.
  private static let stacksLimit = 3
  private static let framesLimit = 12

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: ChainReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let limit = report.heading.listLimit ?? Self.defaultLimit
    var lines = ["\(report.heading.trace): what thread \(title(report.thread)) waited for"]
    lines += report.completeness(events: report.heading.events)
    let time = shortDuration(nanoseconds: UInt64(clamping: report.to_ns &- report.from_ns))
    lines.append(
      "  time       \(time), from \(secondsSinceStart(report.from_ns)) s to "
        + "\(secondsSinceStart(report.to_ns)) s")
    if !report.hasWakeUps {
      lines.append("  wake-ups   not recorded: what other threads did meanwhile is not known")
    }
    lines += causes(report, limit) + stacks(report) + steps(report, limit)
    for line in lines {
      output.append(escaped: line)
      output.append("\n")
    }
  }

  private func title(_ thread: ChainReport.Thread) -> String {
    thread.name.isEmpty ? "\(thread.tid)" : "\(thread.tid) \(thread.name)"
  }

  private func what(_ state: ChainReport.State, _ reason: WaitReason?) -> String {
    reason.map { "blocked by \($0.rawValue)" } ?? state.rawValue
  }

  private func causes(_ report: ChainReport, _ limit: Int) -> [String] {
    let whole = UInt64(clamping: report.to_ns &- report.from_ns)
    let rows = report.causes.prefix(limit).map { cause in
      [
        shortDuration(nanoseconds: cause.total_ns), percentage(cause.total_ns, of: whole),
        grouped(cause.count), shortDuration(nanoseconds: cause.max_ns), "\(cause.thread.tid)",
        what(cause.state, cause.reason), cause.thread.name,
      ]
    }
    guard !rows.isEmpty else { return [] }
    return ["", "The time went to:", ""]
      + Table(
        ["total", "share", "steps", "longest", "thread", "did", "name"],
        rightAligned: [0, 1, 2, 3, 4], rows: rows
      ).lines + leftOut(report.causes.count, shown: rows.count)
  }

  private func stacks(_ report: ChainReport) -> [String] {
    let shown = report.causes.filter { !$0.frames.isEmpty }.prefix(Self.stacksLimit)
    return shown.flatMap { cause in
      let more = cause.frames.count - Self.framesLimit
      return [
        "",
        "thread \(title(cause.thread)), \(what(cause.state, cause.reason)): "
          + shortDuration(nanoseconds: cause.total_ns),
      ] + cause.frames.prefix(Self.framesLimit).map { "    " + $0.name }
        + (more > 0 ? ["    … and \(counted(more, "more frame"))"] : [])
    }
  }

  /// The longest steps in order of time. A thread that others wait for is indented.
  private func steps(_ report: ChainReport, _ limit: Int) -> [String] {
    let longest = report.steps.enumerated()
      .sorted { ($1.element.duration_ns, $0.offset) < ($0.element.duration_ns, $1.offset) }
      .prefix(limit).sorted { $0.offset < $1.offset }.map(\.element)
    let rows = longest.map { step in
      [
        secondsSinceStart(step.start_ns), shortDuration(nanoseconds: step.duration_ns),
        String(repeating: "  ", count: step.depth) + title(step.thread),
        what(step.state, step.reason), step.end?.rawValue ?? "",
      ]
    }
    guard !rows.isEmpty else { return [] }
    return ["", "The longest steps, in order of time; each thread woke the one before it:", ""]
      + Table(
        ["start s", "time", "thread", "did", "wait ended by"], rightAligned: [0, 1], rows: rows
      ).lines + leftOut(report.steps.count, shown: rows.count)
  }
}
