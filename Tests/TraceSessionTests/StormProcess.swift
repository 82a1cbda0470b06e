import Foundation

/// The sample load generator as a child process, in a runtime directory of the test's own.
final class StormProcess {
  private let process = Process()
  private let output = Pipe()

  /// The package's programs lie beside its tests.
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
    process.executableURL = Self.executable(program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      // Patient: on a busy machine a session may need longer than programs like to wait.
      .merging(["TRACE_RUNTIME_DIR": runtimeDirectory, "TRACE_REGISTER_TIMEOUT": "30000"]) { $1 }
      .merging(environment) { $1 }
    process.standardOutput = output
    if program != "event-storm" { process.standardError = FileHandle.nullDevice }
    try process.run()
  }

  var pid: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }

  /// What it printed, once it has ended.
  @discardableResult
  func waitUntilExit() -> String {
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self)
  }

  func kill() {
    Foundation.kill(pid, SIGKILL)
    process.waitUntilExit()
  }
}
