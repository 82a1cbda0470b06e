import Foundation
import TestSupport
import Testing

extension Requirement {
  /// A shared library that the loader finds by its name.
  static func library(_ name: String) -> Requirement {
    Requirement(name) {
      Requirement.succeeds("/bin/sh", "-c", "/sbin/ldconfig -p | grep -qF '\(name) '")
    }
  }
}

/// A program whose heap is sampled, and the report of its trace.
struct HeapProgram {
  static let library = Tools.directory + "/libtraceheap.so"

  /// What the program and the collection printed.
  let output: String
  let scratch: Scratch

  /// Collects the run of a program into a trace.
  init(
    _ command: [String], interval: String = "Heap", options: [String] = [],
    variables: [String: String] = [:], seconds: Double = 120
  ) throws {
    scratch = try Scratch()
    let environment = scratch.environment.merging(variables) { $1 }
    let child = try ChildProcess(
      Tools.tracectl,
      ["collect", "-providers", interval, "-buffer-size", "16MB", "-o", scratch.path("t.etl")]
        + options + ["--"] + command,
      environment: environment, isMerged: true)
    try child.succeed(seconds: seconds)
    output = child.output
  }

  /// Collects into a trace what happens meanwhile.
  init(scratch: Scratch, _ body: () throws -> Void) throws {
    self.scratch = scratch
    let child = try ChildProcess(
      Tools.tracectl, ["collect", "-providers", "Heap", "-o", scratch.path("t.etl")],
      environment: scratch.environment, isMerged: true)
    defer { child.kill() }
    try waitUntil("it collects") { child.output.contains("collecting into") }
    try body()
    try child.interrupt()
    output = child.output
  }

  /// The processes of `tracectl heap -format json`.
  func processes(_ options: String...) throws -> [[String: Any]] {
    let report = try ChildProcess(
      Tools.tracectl,
      ["heap", scratch.path("t.etl"), "-o", scratch.path("report.json")] + options, in: scratch)
    try report.succeed()
    let json = try Data(contentsOf: URL(fileURLWithPath: scratch.path("report.json")))
    let object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    return try #require(object["processes"] as? [[String: Any]])
  }

  /// Bytes in use at the places whose stacks have the function.
  static func inUse(of function: String, in process: [String: Any]) -> Int {
    let places = process["places"] as? [[String: Any]] ?? []
    return places.filter { place in
      (place["frames"] as? [String] ?? []).contains { $0.hasSuffix("!" + function) }
    }.reduce(0) { $0 + ($1["in_use_bytes"] as? Int ?? 0) }
  }

  /// The numbers that a program printed, by the words before them: `bytes 12`.
  static func numbers(in output: String) -> [String: Double] {
    var numbers: [String: Double] = [:]
    let words = output.split { " \n".contains($0) }
    for (word, next) in zip(words, words.dropFirst()) {
      if let number = Double(next) { numbers[String(word)] = number }
    }
    return numbers
  }
}
