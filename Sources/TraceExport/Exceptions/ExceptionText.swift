public import TraceAnalysis

/// An ``ExceptionReport`` for human readers: for each process the totals, a table of types and
/// message patterns, and where the most frequent ones are thrown and caught.
public struct ExceptionText: Renderer {
  /// Number of groups listed if the report does not say.
  private static let defaultLimit = 20
  /// Number of groups whose places are shown, and of frames of a stack.
  private static let placesLimit = 5
  private static let framesLimit = 12

  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names and messages are escaped.
  public func render(
    _ report: ExceptionReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    let limit = report.listLimit ?? Self.defaultLimit
    output.writeText("exceptions", report) { process in
      [heading(process)] + timeLine(process) + table(process, limit)
        + process.groups.prefix(min(limit, Self.placesLimit)).flatMap(places)
    }
  }

  private func heading(_ process: ExceptionReport.Process) -> String {
    let rate = process.perSecond(process.thrown).map { ", \(fixed($0, decimals: 1)) a second" }
    var text =
      "Process \(process.name) (\(process.pid)): \(counted(process.thrown, "exception"))"
      + (rate ?? "") + " in \(readableDuration(nanoseconds: process.span_ns))"
    if process.rethrown > 0 { text += ", thrown again \(counted(process.rethrown, "time"))" }
    if let caught = process.caught { text += "; \(grouped(caught)) caught" }
    if process.caughtWithoutThrow > 0 {
      text += "; \(counted(process.caughtWithoutThrow, "catch", "catches")) without a known throw"
    }
    return text
  }

  private func timeLine(_ process: ExceptionReport.Process) -> [String] {
    process.timeLine.total == 0 ? [] : ["  over time  " + process.timeLine.description]
  }

  private func table(_ process: ExceptionReport.Process, _ limit: Int) -> [String] {
    let rows = process.groups.prefix(limit).map { group in
      [
        grouped(group.thrown), grouped(group.rethrown), group.caught.map(grouped) ?? "-",
        process.perSecond(group.thrown).map { fixed($0, decimals: 1) } ?? "-",
        secondsSinceStart(group.first_ns), secondsSinceStart(group.last_ns), title(group),
      ]
    }
    guard !rows.isEmpty else { return [] }
    return [""]
      + Table(
        ["thrown", "again", "caught", "per s", "first s", "last s", "type and message"],
        rightAligned: [0, 1, 2, 3, 4, 5], rows: rows
      ).lines
      + leftOut(process.groups.count, shown: rows.count)
  }

  private func title(_ group: ExceptionReport.Group) -> String {
    group.pattern.isEmpty ? group.type : "\(group.type): \(group.pattern)"
  }

  private func places(_ group: ExceptionReport.Group) -> [String] {
    var lines: [String] = []
    if group.count > 1 { lines.append("  over time  " + group.timeLine.text) }
    if group.stacks.isEmpty, !group.throwers.isEmpty {
      lines.append("  thrown in  " + methods(group.throwers))
    }
    if !group.catchers.isEmpty { lines.append("  caught in  " + methods(group.catchers)) }
    for stack in group.stacks {
      lines.append("  \(counted(stack.count, "time")) at")
      lines += stack.frames.prefix(Self.framesLimit).map { "    " + $0.name }
      let more = stack.frames.count - Self.framesLimit
      if more > 0 { lines.append("    … and \(counted(more, "more frame"))") }
    }
    return lines.isEmpty ? [] : ["", title(group)] + lines
  }

  private func methods(_ methods: [ExceptionReport.Method]) -> String {
    methods.map { "\($0.name) (\(grouped($0.count)))" }.joined(separator: ", ")
  }
}
