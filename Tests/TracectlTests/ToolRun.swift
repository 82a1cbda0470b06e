import Foundation
import TestSupport
import Testing

@testable import tracectl

/// A run of the built `tracectl`, which is next to the test bundle.
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

  /// Runs a bash command line in which `$tracectl` is the tool.
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

/// Invalid arguments, the exit code, and a part of the error message.
typealias WrongArguments = (arguments: [String], code: Int32, says: String)

/// Expects one sentence about the error, and no other output.
func expectOneSentence(
  of cases: [WrongArguments], environment: [String: String] = [:], in directory: String? = nil
) throws {
  for item in cases {
    let run = try RunningTool(item.arguments, environment: environment, in: directory).wait()
    #expect(run.exitCode == item.code, "\(item.arguments): \(run.errors)")
    #expect(run.errors.hasPrefix("tracectl: ") && run.errors.contains(item.says), "\(run.errors)")
    #expect(run.errors.filter { $0 == "\n" }.count == 1, "\(run.errors)")
    #expect(run.output == "", "\(item.arguments)")
  }
}

/// A running tool.
final class RunningTool {
  /// After this time, a tool that has not ended is killed, and its test fails.
  static let timeout_s = 60.0

  // tracectl's own type of this name starts the command of `collect`.
  private let process: TestSupport.ChildProcess

  init(
    program: String = ToolRun.tool, _ arguments: [String], environment: [String: String] = [:],
    in directory: String? = nil
  ) throws {
    process = try TestSupport.ChildProcess(
      program, arguments, environment: TestSupport.ChildProcess.environment(with: environment),
      directory: directory)
  }

  var pid: pid_t { process.pid }

  func send(_ signal: Int32) { process.send(signal) }

  /// Its output so far.
  func text() -> (output: String, errors: String) { (process.output, process.errors) }

  /// Waits until `condition` is true for its output.
  func waitUntil(
    sourceLocation: SourceLocation = #_sourceLocation, _ condition: (String, String) -> Bool
  ) throws {
    try TestSupport.waitUntil(
      "it writes what is expected: \(text())", seconds: Self.timeout_s,
      sourceLocation: sourceLocation
    ) {
      condition(process.output, process.errors)
    }
  }

  func wait() throws -> ToolRun {
    let code = try process.wait(seconds: Self.timeout_s)
    return ToolRun(
      exitCode: max(code, -1), signal: max(-code, 0), output: process.output,
      errors: process.errors)
  }
}
