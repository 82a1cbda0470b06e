import Foundation
import TestSupport

/// Programs that the tests compare with: binutils, compilers, perf. Tests declare the required ones
/// (`.needs(.program(…))`), and are skipped if one is missing.
enum Tool {
  /// The program's output; nil if it is not installed or fails.
  static func output(_ name: String, _ arguments: String...) -> String? {
    output(name, arguments)
  }

  static func output(_ name: String, _ arguments: [String], input: String? = nil) -> String? {
    try? ChildProcess.output(of: name, arguments, input: input)
  }

  static func path(of name: String) -> String? {
    let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
    return directories.split(separator: ":").map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}

/// A temporary file, removed when it is released.
final class TemporaryFile {
  let path: String

  init(_ text: String = "") {
    path = NSTemporaryDirectory() + "trace-symbols-\(UUID().uuidString)"
    _ = FileManager.default.createFile(atPath: path, contents: Foundation.Data(text.utf8))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
