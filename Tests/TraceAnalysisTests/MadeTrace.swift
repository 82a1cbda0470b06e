import TestSupport
import TraceAnalysis
import TraceFormat

/// Returns a pass's report of a trace that `body` makes.
func report<Reporting: ReportPass>(
  of pass: Reporting, _ body: (inout SampledTrace) throws -> Void
) throws -> Reporting.Output {
  let directory = TemporaryDirectory()
  let path = directory.path + "/trace.etl"
  var trace = try SampledTrace(path: path)
  try body(&trace)
  try trace.finish()
  return try pass.report(from: Replay(TraceFile(path: path)))
}
