import Foundation
import TestSupport

/// Programs that the tests compare with: binutils, compilers, perf. Tests name those that they need
/// (`.needs(.program(…))`), and are skipped where one is missing.
enum Tool {
  /// What the program prints, nil when it is not installed or fails.
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

/// A file that goes when it is not used any more.
final class TemporaryFile {
  let path: String

  init(_ text: String = "") {
    path = NSTemporaryDirectory() + "trace-symbols-\(UUID().uuidString)"
    _ = FileManager.default.createFile(atPath: path, contents: Foundation.Data(text.utf8))
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
