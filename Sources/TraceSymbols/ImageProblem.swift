internal import Glibc

/// Why an image gives no names.
public enum ImageProblem: Error, Hashable, Sendable {
  case notFound(path: String)
  /// `code` is the errno.
  case unreadable(path: String, code: Int32)
  /// A directory, a pipe, a device.
  case notAFile(path: String)
  case notELF(path: String)
  /// The file at the path is another than the one that was mapped: replaced since, most likely.
  case buildIDDiffers(path: String, expected: BuildID, found: BuildID?)
  /// As `buildIDDiffers`, of an image without a build id: the file is another, or was changed.
  case replaced(path: String)
  /// The image is there, but neither it nor a debug file of it has symbols.
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

/// The C library's text for an errno.
func systemMessage(_ code: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
    guard strerror_r(code, buffer.baseAddress!, buffer.count) == 0 else { return "error \(code)" }
    return String(cString: buffer.baseAddress!)
  }
}
