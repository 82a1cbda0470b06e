import ArgumentParser
import Glibc
import TraceAnalysis
import TraceExport
import TraceFormat
import TraceImport

/// `tracectl import`: converts another tool's recording into a trace.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Convert another tool's recording into a trace.",
    discussion: """
      Every command that reads a trace also opens such a recording directly. Importing it
      once saves time if it is read more than once.
        perf record -g -- ./program
        tracectl import perf.data -o trace.etl

      What the trace cannot represent is counted and reported. Of a recording that is cut
      or damaged, everything before the damage is imported, and the exit code is 65.
      """)

  @Argument(
    help: ArgumentHelp(
      "The recording: a perf.data or .nettrace file, a pprof profile, folded stacks.",
      valueName: "file"))
  var path: String

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("The trace to write; an existing file is replaced.", valueName: "file"))
  var output = "trace.etl"

  func run() throws {
    let source = try ImportedTrace.source(path)
    guard let importer = ImporterRegistry.importer(of: source) else {
      throw ImportedTrace.unknown(path)
    }
    if OutputLock.isSame(path, output) {
      throw Failure(.usage, "\(output) is the recording itself", next: "write elsewhere with -o")
    }
    let lock = try OutputLock(path: output)
    let report: ImportReport
    do {
      let (descriptor, _) = try OutputFile.open(output)
      defer { close(descriptor) }
      // Fails for a pipe, which has nothing to truncate.
      _ = ftruncate(descriptor, 0)
      report = try importer.convert(source, to: DescriptorSink(descriptor))
    } catch let error as ImportError {
      lock.discard()
      throw ImportedTrace.failure(error, output: output)
    }
    ImportedTrace.tell(report, of: path)
    complain(
      escapedForTerminal("\(output): \(counted(report.events, "event")) of \(path)")
        + (report.lost > 0 ? ", \(grouped(report.lost)) lost while it was recorded" : ""))
    if !report.damage.isEmpty { throw ExitCode(ExitStatus.dataError.rawValue) }
  }
}
