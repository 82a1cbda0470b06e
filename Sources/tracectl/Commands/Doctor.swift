import ArgumentParser
import TraceAnalysis
import TraceExport

/// `tracectl doctor`: reports what can be traced here, what cannot, and what to do.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check what this machine and this user can trace.",
    discussion: "The exit code is 0, or 69 if a check fails.")

  @OptionGroup var output: OutputOptions

  func validate() throws { _ = try output.renderer(of: DoctorReport.self) }

  func run() throws {
    let report = DoctorReport(
      MachineChecks.run() + SamplingChecks().run() + RuntimeDirectoryCheck().run()
        + LimitChecks.run() + [DebuginfodCheck.run()])
    try output.write(report)
    if report.fails {
      throw ExitCode(ExitStatus.unavailable.rawValue)
    }
  }
}
