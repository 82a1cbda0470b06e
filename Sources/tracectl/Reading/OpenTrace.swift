import Glibc
import TraceFormat

/// Opens trace files, and says what is wrong with them.
enum OpenTrace {
  static func open(_ path: String) throws(Failure) -> TraceFile {
    do {
      return try TraceFile(path: path)
    } catch {
      throw failure(error, path: path)
    }
  }

  static func failure(_ error: FormatError, path: String) -> Failure {
    switch error {
    case .io(let operation, let path, let code):
      return Failure(operation, path, errno: code)
    case .notATrace:
      return Failure(
        .dataError, "\(path) is not a trace file", next: "give one that 'tracectl collect' wrote")
    case .unsupportedVersion:
      return Failure(.dataError, "\(path): \(error)", next: "read it with a later tracectl")
    case .malformed:
      return Failure(.dataError, "\(path): \(error)", next: "see 'tracectl verify \(path)'")
    case .unacceptableSchema, .closed:
      return Failure(.software, "\(path): \(error)", next: nil)
    }
  }

  /// What a reader must know about a file with parts that could not be read; nil when it is whole.
  static func damage(in file: TraceFile) -> Failure? {
    guard !file.damage.isEmpty else { return nil }
    let unreadable = file.damage.reduce(UInt64(0)) { $0 &+ $1.byteCount }
    return Failure(
      .dataError,
      "\(file.path) is cut or damaged: \(grouped(file.eventCount)) events in "
        + "\(grouped(UInt64(file.blockCount))) whole blocks were read, "
        + "\(readableBytes(unreadable)) of \(readableBytes(file.byteCount)) were not readable",
      next: "see 'tracectl verify \(file.path)'")
  }

  /// A file that nobody finished is still being written, or its writer was killed.
  static func unfinishedNote(_ file: TraceFile) -> String? {
    if file.isComplete || !file.damage.isEmpty { return nil }
    return
      "tracectl: \(file.path) is not finished: \(unfinishedState(file)); every whole block was read"
  }

  /// Why a file that is not complete may be so.
  static func unfinishedState(_ file: TraceFile) -> String {
    OutputLock.isHeld(path: file.path)
      ? "still being written" : "still being written, or its writer was killed"
  }
}
