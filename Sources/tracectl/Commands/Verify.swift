import ArgumentParser
import TraceAnalysis
import TraceExport

/// `tracectl verify`: reads every block of a trace and reports damage.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check every block of a trace.",
    discussion: "The exit code is 0, or 65 if the file is cut, damaged or unfinished."
  )

  @Argument(help: ArgumentHelp("The trace file; '-' is standard input.", valueName: "file"))
  var path: String

  @OptionGroup var output: OutputOptions

  func validate() throws { _ = try output.renderer(of: VerifyReport.self) }

  func run() throws {
    let report = try OpenTrace.report(VerifyPass(), of: OpenTrace.open(path))
    try output.write(report, input: path)
    if !report.isWhole { throw ExitCode(ExitStatus.dataError.rawValue) }
  }
}
