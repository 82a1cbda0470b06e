import ArgumentParser
import TraceFormat

/// `tracectl verify`: reads every block of a trace and says what is damaged.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check every block of a trace.",
    discussion: "Ends with 0 when the file is whole, with 65 when it is cut, damaged or unfinished."
  )

  @Argument(help: ArgumentHelp("The trace file.", valueName: "file"))
  var path: String

  func run() throws {
    let file = try OpenTrace.open(path)
    do {
      try file.verify()
    } catch {
      throw OpenTrace.failure(error, path: path)
    }
    try show(VerifyReport(file).lines)
    if !file.damage.isEmpty || !file.isComplete { throw ExitCode(ExitStatus.dataError.rawValue) }
  }
}
