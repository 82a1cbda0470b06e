import ArgumentParser
import TraceAnalysis
import TraceExport
import TraceFormat

/// A command that makes one report of a trace and writes it.
///
/// A command declares its options and makes the pass. How options are checked, the trace is read
/// and the report is written is the same for all.
protocol ReportCommand: ParsableCommand {
  associatedtype Maker: ReportPass

  var path: String { get }
  var output: OutputOptions { get }
  var selection: SelectionOptions { get }
  /// Number of listed rows; nil if it is not given, or if the command has no such option.
  var top: Int? { get }
  /// Where names are looked for; nil for a report without names of code.
  var names: SymbolOptions? { get }

  /// Checks the options that only this command has.
  func check() throws

  /// Returns the pass that makes the report.
  func pass(_ selection: ReportSelection, _ names: SymbolizerOptions) -> Maker
}

extension ReportCommand {
  var top: Int? { nil }
  var names: SymbolOptions? { nil }

  func check() throws {}

  func validate() throws {
    _ = try output.renderer(of: Maker.Output.self)
    try selection.check()
    guard top ?? 0 >= 0 else { throw Failure(.usage, "-top must not be negative") }
    try check()
    if selection.follow { try checkFollowing() }
  }

  private func checkFollowing() throws {
    if path == StandardInput.optionValue {
      throw Failure(
        .usage, "-follow waits for what is written to a file", next: "give the file's name")
    }
    if names?.debuginfod ?? false {
      throw Failure(
        .usage, "-debuginfod would hold up the report",
        next: "omit -follow, and make the report when the trace is finished")
    }
    let format = try output.renderer(of: Maker.Output.self).format.name
    if !["text", "json"].contains(format), output.isStandardOutput {
      throw Failure(
        .usage, "-follow shows text or JSON, and \(format) is a single table",
        next: "omit -follow, or write the last table to a file with -o")
    }
  }

  func run() throws {
    let file = try OpenTrace.open(path)
    guard selection.follow, !file.isComplete else { return try writeReport(of: file) }
    var followed = try FollowedReport(self, file)
    try followed.run()
  }

  /// Makes the report of a whole file, and writes it.
  func writeReport(of file: TraceFile) throws {
    var options = SymbolizerOptions()
    try names?.apply(to: &options)
    let pass = pass(try selection.selection(in: file), options)
    let report = try OpenTrace.report(pass, of: file)
    SymbolOptions.noteProblems(of: options)
    guard try output.write(report, input: path) else { return }
    try OpenTrace.noteState(of: file)
  }
}
