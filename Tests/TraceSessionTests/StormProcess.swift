import Foundation
import TestSupport

/// The sample load generator as a child process, in the test's runtime directory.
final class StormProcess {
  private let process: ChildProcess

  /// The package's programs are next to its tests.
  private static func executable(_ name: String) -> URL {
    let bundle = Bundle(for: StormProcess.self).bundleURL
    let beside = bundle.deletingLastPathComponent().appendingPathComponent(name)
    if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
    return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent(name)
  }

  init(
    _ arguments: [String], runtimeDirectory: String, environment: [String: String] = [:],
    program: String = "event-storm"
  ) throws {
    // Long timeouts: on a busy machine, a session may need longer than the programs' default.
    let variables = ["TRACE_RUNTIME_DIR": runtimeDirectory, "TRACE_REGISTER_TIMEOUT": "30000"]
    process = try ChildProcess(
      Self.executable(program).path, arguments,
      environment: ChildProcess.environment(with: variables.merging(environment) { $1 }))
  }

  var pid: Int32 { process.pid }
  var isRunning: Bool { !process.hasEnded }

  /// Waits until it has ended successfully; returns its output.
  @discardableResult
  func waitUntilExit() throws -> String {
    try process.succeed()
    return process.output
  }

  func send(_ signal: Int32) { process.send(signal) }

  func kill() { process.kill() }
}
