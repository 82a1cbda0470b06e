public import TraceAnalysis

/// A ``SystemReport`` for human readers: what the numbers show, the machine, the processes and
/// their cgroups, and the devices.
public struct SystemText: Renderer {
  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: SystemReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    var lines = ["\(report.trace): the machine and its processes"]
    lines += report.completeness(events: report.events)
    if !report.note.isEmpty { lines.append("  note       " + report.note) }
    lines += [""] + SystemVerdict(report).lines
    lines += [""] + SystemOverview(report).lines
    let tables = SystemTables(report)
    lines += tables.processes + tables.cgroups + tables.devices + tables.rows
    for line in lines {
      output.append(escaped: line)
      output.append("\n")
    }
  }
}
