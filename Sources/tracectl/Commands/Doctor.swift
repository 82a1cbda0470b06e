import ArgumentParser

/// `tracectl doctor`: what works here, what does not, what to do.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check what this machine and this user can trace.",
    discussion: "Ends with 0 when nothing fails, with 69 when something does.")

  func run() throws {
    let findings =
      MachineChecks.run() + SamplingChecks().run()
      + RuntimeDirectoryCheck().run() + LimitChecks.run()
    try show(findings.flatMap(\.lines))
    if findings.contains(where: { $0.verdict == .fail }) {
      throw ExitCode(ExitStatus.unavailable.rawValue)
    }
  }
}
