internal import Glibc

/// The reason why a file from a debuginfod server is not used.
public struct DebuginfodProblem: Hashable, Sendable {
  /// The kind of problem.
  public enum Kind: Hashable, Sendable {
    /// No answer; `code` is the errno. The servers are not contacted again.
    case failed(code: Int32)
    /// The transfer exceeded the time limit. The servers are not contacted again.
    case tooSlow(seconds: UInt64)
    case tooLong(limit: UInt64)
    case notELF
    case otherBuildID(BuildID?)
    /// The file is truncated: its headers refer to bytes beyond its end.
    case cut
  }

  public var kind: Kind
  /// `debuginfo` or `executable`.
  public var file: String
  public var buildID: BuildID
  /// The server, without user name and password; nil if it is not known.
  public var server: String?
}

extension DebuginfodProblem: CustomStringConvertible {
  public var description: String {
    let server = server ?? "the servers of DEBUGINFOD_URLS"
    let what = "the \(file) of build id \(buildID)"
    switch kind {
    case .failed(ETIME):
      return "\(server) did not send \(what) in time (DEBUGINFOD_TIMEOUT)"
    case .failed(let code):
      return "\(server) did not send \(what): \(systemMessage(code))"
    case .tooSlow(let seconds):
      return "\(server) did not send \(what) within \(seconds) s (DEBUGINFOD_MAXTIME)"
    case .tooLong(let limit):
      return "\(server) has \(what), which is longer than \(limit) bytes (DEBUGINFOD_MAXSIZE)"
    case .notELF:
      return "\(server) sent something else than an ELF file as \(what)"
    case .otherBuildID(let found):
      return "\(server) sent a file of build id \(found?.description ?? "none") as \(what)"
    case .cut:
      return "\(server) sent only a part of \(what)"
    }
  }
}
