import ArgumentParser
import TraceFormat

/// `tracectl info`: what a trace has, from its index.
struct Describe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Say what is in a trace.")

  @Argument(help: ArgumentHelp("The trace file.", valueName: "file"))
  var path: String

  func run() throws {
    let file = try OpenTrace.open(path)
    try show(FileReport(file).lines)
    if let damage = OpenTrace.damage(in: file) { throw damage }
  }
}
