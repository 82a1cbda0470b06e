import Glibc
import TestSupport
import Testing
import TraceFormat

/// The programs under test: next to the tests' executable, or in `TRACE_TOOLS`.
enum Tools {
  static let directory: String = {
    if let chosen = getenv("TRACE_TOOLS") { return String(cString: chosen) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    return path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
  }()

  static var storm: String { directory + "/event-storm" }
  static var tinyRuntime: String { directory + "/tiny-runtime" }
  static var miniVM: String { directory + "/minivm" }
  static var miniShop: String { directory + "/minishop" }
  static var tracectl: String { directory + "/tracectl" }
}

extension Scratch {
  /// Starts event-storm.
  func storm(_ arguments: String...) throws -> ChildProcess {
    try ChildProcess(Tools.storm, arguments, in: self)
  }

  /// Starts tracectl collect for all programs; returns when it is listening.
  func collect(
    _ providers: String = "Storm", to file: String, _ arguments: String...
  ) throws -> ChildProcess {
    let child = try ChildProcess(
      Tools.tracectl, ["collect", "-providers", providers, "-o", path(file)] + arguments, in: self)
    try waitUntil("tracectl listens; its output: \(child.output)") {
      if child.hasEnded { throw ChildProcess.Failure(description: child.output) }
      return child.output.contains("collecting into")
    }
    return child
  }

  /// Waits until events are in a file that is being written.
  func waitForEvents(in file: String) throws {
    try waitUntil("events are in \(file)") {
      (try? TraceFile(path: path(file)).eventCount).map { $0 > 0 } ?? false
    }
  }

  /// Runs tracectl collect with a storm to its end.
  func collectStorm(
    to file: String, options: [String] = [], storm: [String]
  ) throws {
    let child = try ChildProcess(
      Tools.tracectl,
      ["collect", "-providers", "Storm", "-o", path(file)] + options + ["--", Tools.storm] + storm
        + ["--wait-for-enable", "20"],
      in: self)
    try child.succeed()
  }
}

extension ChildProcess {
  /// Starts a program in the runtime directory of `scratch`; its two outputs are merged.
  convenience init(_ path: String, _ arguments: [String], in scratch: Scratch) throws {
    try self.init(path, arguments, environment: scratch.environment, isMerged: true)
  }

  /// Sends the signal of Ctrl-C, and waits for the end.
  func interrupt() throws {
    send(SIGINT)
    try succeed()
  }
}
