/// An error in writing, opening or reading a trace file.
///
/// Damage inside a file is not an error: intact parts are read, and the rest is listed
/// (``Damage``).
public enum FormatError: Error, Hashable, Sendable {
  /// A system call on the file failed. `code` is its errno.
  case io(operation: String, path: String, code: Int32)
  /// The file has neither a trace file's header nor a single intact block.
  case notATrace(path: String)
  /// Like ``notATrace(path:)``, but the first bytes identify the file's format.
  case foreignFile(path: String, ForeignFormat)
  /// This reader does not support the file's major version.
  case unsupportedVersion(major: UInt16, minor: UInt16)
  /// A block's content breaks the format, although its checksum holds.
  case malformed(FormatViolation)
  /// The schema would be rejected by every reader.
  case unacceptableSchema(name: String, reason: String)
  /// The event cannot be stored in a trace. Subsequent events are still recorded.
  case unacceptableEvent(name: String, reason: String)
  /// The output file appears to have been placed there by another user. `reason` is text to follow
  /// the file's name.
  case unsafeOutput(path: String, reason: String)
  /// The writer has failed before or is finished.
  case closed
}

extension FormatError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .io(let operation, let path, let code):
      "cannot \(operation) \(path): \(systemMessage(code))"
    case .notATrace(let path):
      "\(path) is not a trace file"
    case .foreignFile(let path, let file):
      "\(path) is not a trace file of tracectl: it is \(file.kind)"
    case .unsupportedVersion(let major, let minor):
      "the file has format version \(major).\(minor); "
        + "this program reads \(FileLayout.versionMajor).x"
    case .malformed(let violation):
      "\(violation.what) at byte \(violation.offset) (rule \(violation.rule))"
    case .unacceptableSchema(let name, let reason):
      "the schema of event \(name) cannot be stored: \(reason)"
    case .unacceptableEvent(let name, let reason):
      "an event \(name) cannot be stored: \(reason)"
    case .unsafeOutput(let path, let reason):
      "\(path) \(reason)"
    case .closed:
      "the trace file is already closed"
    }
  }
}
