public import TraceAnalysis

/// A ``GateReport`` for human readers: a line for each metric, and the verdict.
public struct GateText: Renderer {
  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: GateReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    var lines = report.problems.map(\.sentence)
    let rows = report.rows.map { row in
      [
        row.verdict.rawValue, row.metric.name, row.baseText, row.newText, row.worseText,
        row.noiseText, "\(fixed(row.limit_percent, decimals: 0)) %",
      ]
    }
    if !rows.isEmpty {
      let columns = ["verdict", "metric", "before", "now", "worse by", "noise", "limit"]
      lines += [""] + Table(columns, rightAligned: [2, 3, 4, 5, 6], rows: rows).lines + [""]
    }
    let single = report.rows.compactMap(\.problem).filter { !report.problems.contains($0) }
    lines += single.map(\.sentence)
    lines.append(report.sentence)
    for line in lines {
      output.append(escaped: line)
      output.append("\n")
    }
  }
}

/// A ``GateReport`` in Markdown, for the summary of a CI job or a comment.
public struct GateMarkdown: Renderer {
  public let format = OutputFormat(
    "markdown", fileExtensions: ["md"], summary: "a table for the summary of a CI job")

  public init() {}

  /// Writes the report; what Markdown would interpret in names is escaped.
  public func render(
    _ report: GateReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    var lines = ["**\(cell(report.sentence))**", ""]
    lines += report.problems.flatMap { [cell($0.sentence), ""] }
    if !report.rows.isEmpty {
      lines.append("| verdict | metric | before | now | worse by | noise | limit |")
      lines.append("|---|---|---:|---:|---:|---:|---:|")
    }
    for row in report.rows {
      let cells = [
        row.verdict == .pass ? "pass" : "**\(row.verdict.rawValue)**", cell(row.metric.name),
        row.baseText, row.newText, row.worseText, row.noiseText,
        "\(fixed(row.limit_percent, decimals: 0)) %",
      ]
      lines.append("| " + cells.joined(separator: " | ") + " |")
    }
    let single = report.rows.compactMap(\.problem).filter { !report.problems.contains($0) }
    lines += single.flatMap { ["", cell($0.sentence)] }
    for line in lines {
      output.append(text: line + "\n")
    }
  }

  private func cell(_ text: String) -> String {
    var result = ""
    // Control characters become text first.
    for character in escapedForTerminal(text) {
      if "\\`*_[]<>|#&".contains(character) { result.append("\\") }
      result.append(character)
    }
    return result
  }
}
