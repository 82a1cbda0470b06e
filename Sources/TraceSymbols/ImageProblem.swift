internal import Glibc

/// The reason why an image yields no names.
public enum ImageProblem: Error, Hashable, Sendable {
  case notFound(path: String)
  /// `code` is the errno.
  case unreadable(path: String, code: Int32)
  /// A directory, a pipe, a device.
  case notAFile(path: String)
  case notELF(path: String)
  /// The file at the path is not the one that was mapped; it was probably replaced.
  case buildIDDiffers(path: String, expected: BuildID, found: BuildID?)
  /// Like `buildIDDiffers`, for an image without a build id: the file was replaced or changed.
  case replaced(path: String)
  /// The image exists, but neither it nor a debug file of it has symbols.
  case noSymbols(path: String)
}

extension ImageProblem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notFound(let path): "\(path) does not exist"
    case .unreadable(let path, let code): "cannot open \(path): \(systemMessage(code))"
    case .notAFile(let path): "\(path) is not a file"
    case .notELF(let path): "\(path) is not an ELF file"
    case .buildIDDiffers(let path, let expected, let found):
      "\(path) is not the file that was mapped: its build-id is "
        + "\(found?.description ?? "missing"), not \(expected)"
    case .replaced(let path): "\(path) is not the file that was mapped: it was replaced"
    case .noSymbols(let path): "\(path) has no symbols, and no debug file for it was found"
    }
  }
}

/// The C library's message for an errno.
func systemMessage(_ code: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    guard strerror_r(code, buffer.baseAddress!, buffer.count) == 0 else { return "error \(code)" }
    return String(cString: buffer.baseAddress!)
  }
}
