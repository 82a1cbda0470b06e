import TraceAnalysis
import TraceExport

/// The functions of a stack report as a table in Markdown.
struct StackMarkdown: Renderer {
  let format = OutputFormat("markdown", fileExtensions: ["md"], summary: "a table of functions")

  func render(_ report: StackReport, _ options: RenderOptions, to output: inout OutputBuffer) {
    output.append(text: "| events | function |\n|---:|---|\n")
    for function in report.functions(limit: report.parts.functionLimit ?? 20).functions {
      output.append(text: "| \(function.exclusive.count) | ")
      // Names come from the trace: a control character must not reach a terminal.
      output.append(escaped: function.frame.name.replacing("|", with: "\\|"))
      output.append(text: " |\n")
    }
    if report.lost.events > 0 {
      output.append(text: "\n\(report.lost.events) events were lost.\n")
    }
  }
}
