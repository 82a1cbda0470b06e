import Glibc
import TraceAnalysis
import TraceExport
import TraceFormat

/// Finds out what of a trace's stacks has names, and prints it.
struct SymbolView {
  /// The formats that `tracectl symbols -format` knows.
  enum Format: String, CaseIterable {
    case text
    case json
  }

  let file: TraceFile
  var options = SymbolizerOptions()
  var format = Format.text
  /// Leave out what has names for all of its addresses.
  var showsOnlyMissing = false

  func run() throws {
    let report: SymbolReport
    do {
      report = try SymbolReport(file, options: options)
    } catch let error as FormatError {
      throw OpenTrace.failure(error, path: file.path)
    }
    guard report.events > 0 || !report.modules.isEmpty else {
      throw Failure(
        .dataError, "\(file.path) has no stacks, and no code was announced in it",
        next: "collect with -providers CPU, or with -stacks")
    }
    var output = OutputBuffer(descriptor: STDOUT_FILENO)
    switch format {
    case .text:
      output.append(text: escapedForTerminal("\(file.path): symbols") + "\n")
      SymbolReportText(report, onlyMissing: showsOnlyMissing).write(to: &output)
    case .json: SymbolReportJSON(report, onlyMissing: showsOnlyMissing).write(to: &output)
    }
    output.flush()
    if output.failure != 0, output.failure != EPIPE {
      throw Failure("write to", "standard output", errno: output.failure)
    }
    if output.failure == 0, let damage = OpenTrace.damage(in: file) { throw damage }
    if output.failure == 0, let note = OpenTrace.unfinishedNote(file) { complain(note) }
  }
}
