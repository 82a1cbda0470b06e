import Glibc
import TraceAnalysis
import TraceExport
import TraceFormat

/// Runs an export to standard output, and follows a file that grows.
struct Dumping {
  /// How long a follower sleeps when nothing has come.
  static let followInterval_us: UInt32 = 100_000

  /// Longer than this, nothing is known to have come.
  static let idle_us_max: UInt32 = 3_600_000_000

  var file: TraceFile
  var filter = ReplayFilter()
  var limit: UInt64?
  var follows = false
  /// With names for their frames.
  var showsStacks = true
  /// Where the names come from.
  var symbols = SymbolizerOptions()
  /// What of the source is shown with each frame; nothing while following.
  var detail = SourceDetail.none
  /// How long events of a file that grows wait for their names.
  var hold_ns: Int64 = 0

  private func exporter(_ format: ExportFormat) -> Exporter {
    if follows, showsStacks {
      return Exporter(
        following: file, as: format, to: STDOUT_FILENO, filter: filter, limit: limit,
        names: LiveSymbolizer(file, options: symbols), hold: hold_ns)
    }
    return Exporter(
      file, as: format, to: STDOUT_FILENO, filter: filter, limit: limit, isGrowing: follows,
      names: showsStacks ? FileFrameNames(file, options: symbols, detail: detail) : nil)
  }

  func run(as format: ExportFormat) throws {
    let exporter = exporter(format)
    do {
      try exporter.run()
      var idle_us: UInt32 = 0
      while follows, !exporter.isFinished, !file.isComplete {
        usleep(Self.followInterval_us)
        if try file.refresh() {
          idle_us = 0
          try exporter.run()
        } else {
          idle_us = min(idle_us + Self.followInterval_us, Self.idle_us_max)
          exporter.idle(for: Int64(idle_us) * 1000)
        }
      }
      exporter.finish()
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
