/// The reason why a directory cannot be used as a runtime directory.
///
/// The text names the directory, the problem and its remedy.
public enum RuntimeDirectoryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A system call on the directory failed; `code` is its errno.
  case system(path: String, call: String, code: Int32)
  case symbolicLink(path: String)
  case notADirectory(path: String)
  /// Another user could create sockets there.
  case wrongOwner(path: String, owner: UInt32, expected: UInt32)
  /// Other users may read it or write to it.
  case wrongMode(path: String, mode: UInt32, allowed: UInt32)
  /// Names of sockets in it would not fit into a socket address.
  case pathTooLong(path: String)

  public var path: String {
    switch self {
    case .system(let path, _, _), .symbolicLink(let path), .notADirectory(let path),
      .wrongOwner(let path, _, _), .wrongMode(let path, _, _), .pathTooLong(let path):
      path
    }
  }

  public var description: String {
    let elsewhere = "set TRACE_RUNTIME_DIR to a directory of your own"
    return switch self {
    case .system(let path, let call, let code):
      "cannot use the runtime directory \(path): \(call): \(systemMessage(code)); "
        + "make it accessible, or \(elsewhere)"
    case .symbolicLink(let path):
      "the runtime directory \(path) is a symbolic link; "
        + "remove it, or \(elsewhere)"
    case .notADirectory(let path):
      "the runtime directory \(path) is not a directory; remove it, or \(elsewhere)"
    case .wrongOwner(let path, let owner, let expected):
      "the runtime directory \(path) belongs to user \(owner), not to user \(expected); "
        + "have it removed, or \(elsewhere)"
    case .wrongMode(let path, let mode, let allowed):
      "the runtime directory \(path) has mode \(Self.octal(mode)), "
        + "which gives other users access; run: chmod \(Self.octal(allowed)) \(path)"
    case .pathTooLong(let path):
      "the runtime directory's path \(path) is too long for sockets; \(elsewhere)"
    }
  }

  private static func octal(_ mode: UInt32) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
