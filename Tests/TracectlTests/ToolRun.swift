import Foundation
import Testing

/// A run of the built `tracectl`, which lies beside the test bundle.
struct ToolRun {
  var exitCode: Int32
  /// The signal that ended it, or 0.
  var signal: Int32
  var output: String
  var errors: String

  static let directory = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().path
  static let tool = directory + "/tracectl"

  var lines: [Substring] { output.split(separator: "\n") }

  init(
    _ arguments: String..., environment: [String: String] = [:], in directory: String? = nil
  ) throws {
    try self.init(program: Self.tool, arguments, environment: environment, in: directory)
  }

  /// A line for bash, in which `$tracectl` is the tool.
  init(shell line: String, environment: [String: String] = [:], in directory: String? = nil) throws
  {
    try self.init(
      program: "/bin/bash", ["-c", "set -o pipefail; " + line],
      environment: environment.merging(["tracectl": Self.tool]) { $1 }, in: directory)
  }

  private init(
    program: String, _ arguments: [String], environment: [String: String], in directory: String?
  ) throws {
    let running = try RunningTool(
      program: program, arguments, environment: environment, in: directory)
    self = try running.wait()
  }

  init(exitCode: Int32, signal: Int32, output: String, errors: String) {
    self.exitCode = exitCode
    self.signal = signal
    self.output = output
    self.errors = errors
  }
}

/// A tool that has been started.
final class RunningTool {
  /// After this a tool that has not ended is killed, and its test fails.
  static let timeout_s = 60.0

  private let process = Process()
  private let output: FileHandle
  private let errors: FileHandle
  private let paths: [String]

  var pid: Int32 { process.processIdentifier }

  init(
    program: String = ToolRun.tool, _ arguments: [String], environment: [String: String] = [:],
    in directory: String? = nil
  ) throws {
    let base = NSTemporaryDirectory() + "/tracectl-run-\(UUID().uuidString)"
    paths = [base + ".out", base + ".err"]
    for path in paths { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    output = try #require(FileHandle(forUpdatingAtPath: paths[0]))
    errors = try #require(FileHandle(forUpdatingAtPath: paths[1]))
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  deinit {
    for path in paths { unlink(path) }
  }

  func send(_ signal: Int32) { kill(pid, signal) }

  /// What it has written so far.
  func text() -> (output: String, errors: String) {
    let texts = paths.map { FileManager.default.contents(atPath: $0) ?? Data() }
    return (String(decoding: texts[0], as: UTF8.self), String(decoding: texts[1], as: UTF8.self))
  }

  /// Waits until `condition` holds of what it has written.
  func waitUntil(_ condition: (String, String) -> Bool) -> Bool {
    let deadline = Date().addingTimeInterval(Self.timeout_s)
    while Date() < deadline {
      let (output, errors) = text()
      if condition(output, errors) { return true }
      usleep(10_000)
    }
    return false
  }

  func wait() throws -> ToolRun {
    let deadline = Date().addingTimeInterval(Self.timeout_s)
    while process.isRunning, Date() < deadline { usleep(2000) }
    let hangs = process.isRunning
    if hangs { kill(pid, SIGKILL) }
    process.waitUntilExit()
    let (output, errors) = text()
    try #require(!hangs, "the tool did not end: \(process.arguments ?? []): \(errors)")
    let isSignal = process.terminationReason == .uncaughtSignal
    return ToolRun(
      exitCode: isSignal ? -1 : process.terminationStatus,
      signal: isSignal ? process.terminationStatus : 0, output: output, errors: errors)
  }
}
