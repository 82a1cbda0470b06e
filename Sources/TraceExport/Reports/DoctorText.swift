public import TraceAnalysis

/// A ``DoctorReport`` for human readers: one line per finding, followed by a line with the advice.
public struct DoctorText: Renderer {
  public let format = OutputFormat.text

  public init() {}

  /// Writes the report; names are escaped.
  public func render(
    _ report: DoctorReport, _ options: RenderOptions, to output: inout OutputBuffer
  ) {
    for finding in report.findings {
      let head = finding.verdict.rawValue.padding(to: 6) + finding.subject.padding(to: 19)
      output.append(escaped: head + finding.observation)
      output.append("\n")
      guard let advice = finding.advice else { continue }
      output.append(escaped: "".padding(to: 25) + "→ " + advice)
      output.append("\n")
    }
  }
}
