/// Why a trace file could not be written, opened or read.
///
/// Damage inside a file is not an error: what is whole is read, the rest is listed (``Damage``).
public enum FormatError: Error, Hashable, Sendable {
  /// A system call on the file failed. `code` is its errno.
  case io(operation: String, path: String, code: Int32)
  /// The file has neither a trace file's first bytes nor one whole block.
  case notATrace(path: String)
  /// As ``notATrace(path:)``, and the first bytes tell whose file it is.
  case foreignFile(path: String, ForeignFormat)
  /// The file's major version is one that this reader does not know.
  case unsupportedVersion(major: UInt16, minor: UInt16)
  /// A block's content breaks the format, although its checksum holds.
  case malformed(FormatViolation)
  /// A schema that no reader would accept.
  case unacceptableSchema(name: String, reason: String)
  /// The file to be written was put there by somebody else, it seems; `reason` goes behind its
  /// name.
  case unsafeOutput(path: String, reason: String)
  /// The writer has met an error before, or was finished.
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
    case .unsafeOutput(let path, let reason):
      "\(path) \(reason)"
    case .closed:
      "the trace file is closed already"
    }
  }
}
