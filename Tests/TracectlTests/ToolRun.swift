import Foundation
import Testing

@testable import tracectl

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

/// Arguments that are wrong, the exit code, and a part of the one sentence that says so.
typealias WrongArguments = (arguments: [String], code: Int32, says: String)

/// What is wrong is said in one sentence, and nothing is written beside it.
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

/// A tool that has been started.
///
/// Foundation's `Process` would not do: it takes a process for running as long as one that it left
/// behind does.
final class RunningTool {
  /// After this a tool that has not ended is killed, and its test fails.
  static let timeout_s = 60.0

  let pid: pid_t
  private let arguments: [String]
  private let paths: [String]

  init(
    program: String = ToolRun.tool, _ arguments: [String], environment: [String: String] = [:],
    in directory: String? = nil
  ) throws {
    self.arguments = arguments
    let base = NSTemporaryDirectory() + "/tracectl-run-\(UUID().uuidString)"
    paths = [base + ".out", base + ".err"]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, paths[0], O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, paths[1], O_WRONLY | O_CREAT, 0o600)
    // The threads that tests run on block signals, which a child would inherit.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let started =
      directory.map { ["/usr/bin/env", "-C", $0, program] + arguments } ?? [program] + arguments
    var pid: pid_t = 0
    let code = Self.withPointers(started) { arguments in
      Self.withPointers(merged.map { "\($0)=\($1)" }) { environment in
        posix_spawn(&pid, started[0], &actions, &attributes, arguments, environment)
      }
    }
    try #require(code == 0, "\(program): \(String(cString: strerror(code)))")
    self.pid = pid
  }

  deinit {
    for path in paths { unlink(path) }
  }

  private static func withPointers<T>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> T
  ) -> T {
    let pointers = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
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
    var status: Int32 = 0
    while waitpid(pid, &status, WNOHANG) == 0 {
      if Date() > deadline {
        kill(pid, SIGKILL)
        waitpid(pid, &status, 0)
        try #require(Bool(false), "the tool did not end: \(arguments): \(text().errors)")
      }
      usleep(2000)
    }
    let (output, errors) = text()
    let ending = TracedProgram.Ending(status: status)
    return switch ending {
    case .exited(let code): ToolRun(exitCode: code, signal: 0, output: output, errors: errors)
    case .killed(let signal): ToolRun(exitCode: -1, signal: signal, output: output, errors: errors)
    }
  }
}
