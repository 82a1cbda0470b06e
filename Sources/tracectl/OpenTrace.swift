import Glibc
import OSStrings
import TraceAnalysis
import TraceExport
import TraceFormat
import TraceSession

/// Opens trace files, and reports their problems.
enum OpenTrace {
  /// - Parameter path: the path of a file, or `-` for standard input.
  static func open(_ path: String) throws -> TraceFile {
    let isInput = path == StandardInput.optionValue
    do {
      let file = try isInput ? StandardInput.openTrace() : Self.file(path)
      try file.checkIndex()
      return file
    } catch let error as FormatError {
      throw failure(error, path: isInput ? StandardInput.name : path)
    }
  }

  /// Opens a trace, or another tool's recording as a trace.
  ///
  /// - Parameter name: the name for messages, if the path is none.
  static func file(_ path: String, name: String? = nil) throws -> TraceFile {
    do throws(FormatError) {
      return try TraceFile(path: path, name: name)
    } catch {
      switch error {
      case .foreignFile, .notATrace: break
      default: throw error
      }
      guard let file = try ImportedTrace.open(path, name: name) else { throw error }
      return file
    }
  }

  /// Runs a pass over a trace.
  static func report<Pass: ReportPass>(_ pass: Pass, of file: TraceFile) throws -> Pass.Output {
    try explaining(file.path) { try pass.report(from: Replay(file)) }
  }

  /// Runs `body`; what it throws about a trace becomes a failure.
  static func explaining<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as FormatError {
      throw failure(error, path: path)
    } catch let error as StackReportError {
      throw Failure(error, path: path)
    } catch let error as NothingToReport {
      throw Failure(error, path: path)
    }
  }

  /// The reason why a trace cannot be shown, as a sentence; nil for an unknown error.
  static func sentence(_ error: any Error, path: String) -> String? {
    switch error {
    case let error as FormatError: failure(error, path: path).description
    case let error as StackReportError: Failure(error, path: path).description
    case let nothing as NothingToReport: Failure(nothing, path: path).description
    case let failure as Failure: failure.description
    default: nil
    }
  }

  static func failure(_ error: FormatError, path: String) -> Failure {
    switch error {
    case .io(_, let path, ESPIPE):
      return Failure(
        .dataError, "\(path) is not a regular file, and reading a trace needs random access",
        next: "write the trace to a file and give that, or give '-' for standard input")
    case .io(_, let path, EISDIR) where OSPath.access(path + "/metadata", F_OK) == 0:
      return Failure(
        .dataError, "\(path) is the directory of a CTF trace (LTTng)",
        next: "read it with babeltrace2")
    case .io(let operation, let path, let code):
      return Failure(operation, path, errno: code)
    case .foreignFile(_, let file):
      return Failure(.dataError, "\(error)", next: file.nextStep)
    case .notATrace:
      return Failure(
        .dataError, "\(path) is not a trace file",
        next: "give one of these: \(ImportedTrace.kinds)")
    case .unsupportedVersion:
      return Failure(.dataError, "\(path): \(error)", next: "read it with a later tracectl")
    case .malformed:
      return Failure(.dataError, "\(path): \(error)", next: "see 'tracectl verify \(path)'")
    case .unsafeOutput:
      return Failure(
        .cannotCreate, "\(error), and is not written over",
        next: "remove it, or write elsewhere with -o")
    case .unacceptableSchema, .unacceptableEvent, .closed:
      return Failure(.software, "\(path): \(error)", next: nil)
    }
  }

  /// Reports that a file is incomplete; damage is a failure.
  static func noteState(of file: TraceFile, isRead: Bool = true) throws(Failure) {
    for reason in PartialReason.reasons(Replay(file)) {
      switch reason {
      case .damaged(let bytes, _): throw damage(in: file, unreadable: bytes)
      case .unfinished where isRead:
        complain(
          "tracectl: \(escapedForTerminal(file.path)) is not finished: \(reason.unfinishedState); "
            + "every whole block was read")
      case .unfinished, .limited: break
      }
    }
  }

  private static func damage(in file: TraceFile, unreadable: UInt64) -> Failure {
    let readable = file.readable
    return Failure(
      .dataError,
      "\(file.path) is cut or damaged: \(counted(readable.events, "event")) in "
        + "\(counted(readable.blocks, "whole block")) can be read, "
        + "\(readableBytes(unreadable)) of \(readableBytes(file.byteCount)) cannot",
      next: "see 'tracectl verify \(file.path)'")
  }
}

extension Failure {
  /// The reason why there is nothing to report.
  init(_ nothing: NothingToReport, path: String) {
    switch nothing {
    case .noEvents(let what, let keyword):
      self.init(
        .dataError, "\(path) has no \(what)", next: "collect with -providers \(keyword)")
    case .noneSelected(let what):
      self.init(
        .usage, "none of the \(what) in \(path) match the processes and times",
        next: "omit some of these options")
    case .noThread(let tid):
      self.init(
        .usage, "\(path) has no context switches of thread \(tid) in the processes and times",
        next: "see 'tracectl threads \(path)'")
    case .noActivities:
      self.init(
        .dataError, "\(path) has no events that start and stop requests",
        next: "give such events an opcode and a field with the hint 'activity', and collect their "
          + "provider")
    }
  }

  /// The reason why there are no stacks to show.
  init(_ error: StackReportError, path: String) {
    switch error {
    case .noEvents(let names):
      self =
        names == StackReport.samples
        ? Failure(
          .dataError, "\(path) has no CPU samples",
          next: "collect with -providers CPU, or give -event to see another event's stacks")
        : Failure(
          .dataError, "\(path) has no \(names.joined(separator: ", "))",
          next: "see 'tracectl info \(path)'")
    case .noneSelected(let count, let names):
      let events = names == StackReport.samples ? "CPU samples" : names.joined(separator: ", ")
      self.init(
        .usage,
        "none of the \(grouped(count)) \(events) in \(path) matches the processes, "
          + "threads and times", next: "omit some of these options")
    case .noneFits(let count):
      self.init(
        .usage, "none of the \(counted(count, "stack")) matches the patterns",
        next: "omit -include or -exclude to see them")
    case .noFunction(let pattern):
      self.init(
        .usage, "no function matches '\(pattern)'",
        next: "'tracectl stacks \(path) -by-name' lists them")
    case .noField(let name, let events, let known):
      self.init(
        .usage, "\(events.joined(separator: ", ")) has no field '\(name)'",
        next: known.isEmpty ? "omit -weight" : "it has \(known.joined(separator: ", "))")
    case .notSummable(let field, let event, let type):
      self.init(
        .usage, "-weight adds up unsigned integers, and '\(field)' of \(event) is \(type)",
        next: "give another field, or omit -weight to count events")
    }
  }

  /// A name that matches nothing in a trace, probably misspelled.
  init(_ unknown: EventPatterns.Unknown, path: String) {
    let nearest = NearestName.suggestions(for: unknown.pattern, among: unknown.candidates)
    self.init(
      .usage, "\(path) has no \(unknown.kind) '\(unknown.pattern)'",
      next: nearest.isEmpty
        ? "see 'tracectl info \(path)' for what it has" : "did you mean \(alternatives(nearest))?")
  }
}
