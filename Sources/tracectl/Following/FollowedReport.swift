import Glibc
import TraceAnalysis
import TraceExport
import TraceFormat

/// Shows a command's report of a file that is still being written, until the file is finished or
/// the user ends it.
///
/// The last report is written like that of a finished file. Before it, a terminal shows the report
/// anew whenever it changes, and JSON is written as one document each time.
struct FollowedReport<Command: ReportCommand> {
  private enum Destination {
    /// Text on a terminal.
    case screen
    /// JSON on standard output.
    case documents
    /// Only the last report is written.
    case last
  }

  private let command: Command
  private let file: TraceFile
  private let options: SymbolizerOptions
  private let follower: ReportFollower<Command.Maker>
  private let destination: Destination
  private var signals = SignalWait()
  private var screen = LiveScreen()

  init(_ command: Command, _ file: TraceFile) throws {
    (self.command, self.file) = (command, file)
    var options = SymbolizerOptions()
    try command.names?.apply(to: &options)
    self.options = options
    let format = try command.output.renderer(of: Command.Maker.Output.self).format.name
    switch (command.output.isStandardOutput, format) {
    case (true, "json"): destination = .documents
    case (true, "text") where isatty(STDOUT_FILENO) == 1: destination = .screen
    default: destination = .last
    }
    follower = try ReportFollower(
      command.pass(command.selection.selection(in: file), options), following: file)
  }

  mutating func run() throws {
    defer { screen.leave() }
    do {
      while true {
        switch try next() {
        case .report(let report): guard try show(report) else { return }
        case .nothing(let nothing): show(nothing)
        case .end:
          screen.leave()
          signals.release()
          return try command.writeReport(of: file)
        case .stopped: return try writeLast()
        }
      }
    } catch let error as LiveTraceError {
      try writeLast()
      throw Failure(
        .dataError, "\(error)", next: "see what it holds with 'tracectl info \(file.path)'")
    } catch let error as FormatError {
      throw OpenTrace.failure(error, path: file.path)
    }
  }

  private mutating func next() throws -> ReportFollower<Command.Maker>.Step {
    var signals = signals
    defer { self.signals = signals }
    return try follower.next {
      if case .stop = signals.next(timeout_ns: 0) { true } else { false }
    }
  }

  /// Returns false if the reader of the output has closed it.
  private mutating func show(_ report: Command.Maker.Output) throws -> Bool {
    switch destination {
    case .screen: screen.show(try command.output.text(report))
    case .documents: return try command.output.write(report)
    case .last: break
    }
    return true
  }

  private mutating func show(_ nothing: NothingToReport) {
    guard destination == .screen else { return }
    screen.show(escapedForTerminal(Failure(nothing, path: file.path).sentence) + " so far")
  }

  /// Writes the report of what has arrived.
  private mutating func writeLast() throws {
    screen.leave()
    signals.release()
    switch try follower.last() {
    case .report(let report):
      SymbolOptions.noteProblems(of: options)
      if try command.output.write(report, input: command.path) {
        try OpenTrace.noteState(of: file)
      }
    case .nothing(let nothing): throw Failure(nothing, path: file.path)
    case .end, .stopped: break
    }
  }
}
