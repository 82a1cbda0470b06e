import Foundation

/// Programs that the tests compare with: binutils, compilers, perf. A test without its oracle says
/// so and passes.
enum Tool {
  /// What the program prints, nil when it is not installed or fails.
  static func output(_ name: String, _ arguments: String...) -> String? {
    output(name, arguments)
  }

  static func output(_ name: String, _ arguments: [String], input: String? = nil) -> String? {
    guard let path = path(of: name) else {
      print("\(name) is not installed: not compared with it")
      return nil
    }
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    // Files, not pipes: neither side ever waits for the other.
    let scratch = TemporaryFile()
    guard let out = FileHandle(forWritingAtPath: scratch.path) else { return nil }
    process.standardOutput = out
    process.standardError = FileHandle.nullDevice
    let inputFile = TemporaryFile(input ?? "")
    process.standardInput = FileHandle(forReadingAtPath: inputFile.path)
    guard (try? process.run()) != nil else { return nil }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return try? String(
      decoding: Foundation.Data(contentsOf: URL(filePath: scratch.path)), as: UTF8.self)
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
