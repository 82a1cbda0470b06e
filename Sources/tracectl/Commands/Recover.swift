import ArgumentParser
import TraceExport
import TraceSession

/// `tracectl recover`: finishes the trace of a collection that was killed.
struct Recover: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Finish the trace of a collection that was killed.",
    discussion: """
      Writes a new trace with the events of the unfinished file and those that still
      stand in the buffers of the programs that were traced. Programs keep them for
      ten minutes, while they run. After 'collect -mode overwrite' that is where all
      events are.
        tracectl recover trace.etl -o whole.etl
      """)

  @Argument(help: ArgumentHelp("The unfinished trace.", valueName: "file"))
  var path: String

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp(
      "The file to write; it is replaced. Without: NAME-recovered.etl.", valueName: "file"))
  var output: String?

  func run() throws {
    if path == StandardInput.optionValue {
      throw Failure(
        .usage, "recover looks for the programs of the file's session, by the file's name",
        next: "give the name of the unfinished trace")
    }
    if output == StandardOutput.optionValue {
      throw Failure(
        .usage, "a recovered trace is put together in a file", next: "give -o the name of one")
    }
    let output = output ?? Self.defaultOutput(path)
    if OutputLock.isSame(path, output) {
      throw Failure(
        .usage, "\(output) is the unfinished trace itself", next: "write elsewhere with -o")
    }
    let lock = try OutputLock(path: output)
    let outcome: Recovery.Outcome
    do {
      outcome = try Recovery.run(from: path, to: output)
    } catch {
      lock.discard()
      throw Self.failure(error, path)
    }
    complain(
      escapedForTerminal(
        "\(output): \(counted(outcome.copied, "event")) of the file, "
          + "\(grouped(outcome.recovered)) more from the buffers of "
          + counted(outcome.processes, "program")))
    if outcome.lost > 0 {
      complain(
        "  \(counted(outcome.lost, "event")) between them could not be read or had been overwritten"
      )
    }
  }

  private static func defaultOutput(_ path: String) -> String {
    let suffix = ".etl"
    return (path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path)
      + "-recovered" + suffix
  }

  private static func failure(_ error: RecoveryError, _ path: String) -> Failure {
    switch error {
    case .format(let error): OpenTrace.failure(error, path: path)
    case .isFinished:
      Failure(.dataError, error.description, next: "look at it with 'tracectl info'")
    case .isBeingWritten: Failure(.unavailable, error.description, next: "end that first")
    case .noBuffers:
      Failure(
        .unavailable, error.description,
        next: "read what the file has, with 'tracectl dump'; programs of other users need root")
    }
  }
}
