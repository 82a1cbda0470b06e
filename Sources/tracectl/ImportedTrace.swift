import Glibc
import OSStrings
import TraceExport
import TraceFormat
import TraceImport

/// Opens recordings of other tools as traces.
enum ImportedTrace {
  /// Opens the recording at `path` as a trace in an unlinked temporary file; nil if it is not a
  /// recording that can be imported.
  ///
  /// - Parameter name: the name for messages, if the path is none.
  static func open(_ path: String, name: String? = nil) throws -> TraceFile? {
    guard let source = try? ImportSource(path: path, name: name),
      let importer = ImporterRegistry.importer(of: source)
    else { return nil }
    let descriptor = try TemporaryFile.open()
    defer { close(descriptor) }
    let report: ImportReport
    do {
      report = try importer.convert(source, to: DescriptorSink(descriptor))
    } catch {
      throw failure(error, output: TemporaryFile.name)
    }
    tell(report, of: source.name)
    return try TraceFile(path: "/proc/self/fd/\(descriptor)", name: source.name)
  }

  static func source(_ path: String) throws(Failure) -> ImportSource {
    do throws(ImportError) { return try ImportSource(path: path) } catch {
      throw failure(error, output: path)
    }
  }

  /// Reports what is damaged and what was left out.
  static func tell(_ report: ImportReport, of path: String) {
    for damage in report.damage { complain(escapedForTerminal("tracectl: \(path) \(damage)")) }
    for note in report.notes { complain(escapedForTerminal("tracectl: \(path): \(note)")) }
  }

  static func failure(_ error: ImportError, output: String) -> Failure {
    switch error {
    case .io(let operation, let path, let code): Failure(operation, path, errno: code)
    case .unusable:
      Failure(
        .dataError, "\(error)",
        next: "see what its own tool ('perf script', 'dotnet-trace report') says about it")
    case .output(let error): OpenTrace.failure(error, path: output)
    }
  }

  /// The error for a file that is neither a trace nor a recording that can be imported.
  static func unknown(_ path: String) -> Failure {
    do {
      _ = try TraceFile(path: path)
      return Failure(
        .usage, "\(path) is a trace already", next: "look at it with 'tracectl info'")
    } catch {
      return OpenTrace.failure(error, path: path)
    }
  }

  /// What can be opened, for messages.
  static var kinds: String { "a trace of 'tracectl collect', " + ImporterRegistry.kinds }
}

/// Unlinked files in the temporary directory.
enum TemporaryFile {
  /// Their name in messages.
  static var name: String { "a temporary file in \(directory)" }

  private static var directory: String {
    OSPath.getenv("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
  }

  /// Creates such a file and returns its descriptor.
  static func open() throws(Failure) -> CInt {
    let place = "\(directory)/tracectl-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let descriptor = OSPath.open(place, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("create") }
    _ = OSPath.unlink(place)
    return descriptor
  }

  static func failure(_ doing: String) -> Failure {
    var failure = Failure(doing, name, errno: errno)
    failure.nextStep = "set TMPDIR to a directory with room, or write the trace into a file first"
    return failure
  }
}
