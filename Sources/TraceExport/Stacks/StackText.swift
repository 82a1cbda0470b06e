public import TraceAnalysis

/// A ``StackReport`` for human readers: what was recorded and lost, then functions by cost and the
/// call tree.
public struct StackText: Renderer {
  public let format = OutputFormat.text

  public init() {}

  /// Writes the report. Names are escaped, and shortened if a line has no room for them.
  public func render(
    _ report: StackReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    for line in StackHeading(report).lines {
      output.append(escaped: line)
      output.append("\n")
    }
    let parts = report.parts
    if let limit = parts.functionLimit {
      output.append("\n")
      NameTableText(report, limit: limit).write(to: &output, width: options.width)
    }
    if let callers = report.callers {
      output.append(text: "\nCallers of \(escapedForTerminal(callers.pattern)):\n\n")
      CallTreeText(
        callers.calls, report.frames, report.unit, threshold: parts.threshold,
        showsExclusive: false
      ).write(to: &output, width: options.width)
    }
    if let callees = report.callees {
      output.append(text: "\nCallees of \(escapedForTerminal(callees.pattern)):\n\n")
      CallTreeText(callees.calls, report.frames, report.unit, threshold: parts.threshold)
        .write(to: &output, width: options.width)
    }
    if parts.showsTree {
      let threshold = fixed(parts.threshold * 100, decimals: 1)
      output.append(text: "\nCall tree, without nodes of less than \(threshold) %:\n\n")
      CallTreeText(report.calls, report.frames, report.unit, threshold: parts.threshold)
        .write(to: &output, width: options.width)
    }
  }
}
