import Glibc
import TraceExport
import TraceFormat

/// Runs an export to standard output, and follows a file that grows.
struct Dumping {
  /// How long a follower sleeps when nothing has come.
  static let followInterval_us: UInt32 = 100_000

  var file: TraceFile
  var filter = ReplayFilter()
  var limit: UInt64?
  var follows = false

  func run(as format: ExportFormat) throws {
    let exporter = Exporter(
      file, as: format, to: STDOUT_FILENO, filter: filter, limit: limit, isGrowing: follows)
    do {
      try exporter.run()
      while follows, !exporter.isFinished, !file.isComplete {
        usleep(Self.followInterval_us)
        if try file.refresh() { try exporter.run() }
      }
    } catch let error as FormatError {
      throw OpenTrace.failure(error, path: file.path)
    }
    switch exporter.failure {
    case 0: break
    // Whoever read it has what it wanted.
    case EPIPE: return
    default: throw Failure("write to", "standard output", errno: exporter.failure)
    }
    if !exporter.isOrdered {
      complain(
        "tracectl: the blocks of \(escapedForTerminal(file.path)) overlap more than memory allows; "
          + "some events were printed late")
    }
    if let damage = OpenTrace.damage(in: file) { throw damage }
    if let note = OpenTrace.unfinishedNote(file), !exporter.isFinished { complain(note) }
  }
}
