import TraceAnalysis
import TraceExport
import TraceFormat

/// The program in README.md, with the sink as a parameter.
func printStacks(of path: String, to sink: some ByteSink) throws {
  // README
  let report = try StackPass().report(from: Replay(TraceFile(path: path)))
  if report.lost.events > 0 { print("incomplete: \(report.lost.events) events were lost") }

  var output = OutputBuffer(sink)
  let renderer = RendererRegistry.standard.renderer(of: StackReport.self, format: "json")
  try renderer?.render(report, RenderOptions(), to: &output)
  output.flush()
  // README
}
