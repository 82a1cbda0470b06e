import Foundation
import TestSupport
import Testing

/// A run of a sample runtime that was collected into a file, and a report of it.
struct RuntimeReport {
  /// What the runtime printed, and the summary of the collection.
  let output: String
  let scratch: Scratch
  /// The report's only process.
  let process: [String: Any]
  private let kind: String

  /// Collects the run of a program, and makes the report `kind`.
  init(
    _ kind: String, providers: String, _ program: String, _ arguments: [String],
    options: [String] = []
  ) throws {
    self.kind = kind
    scratch = try Scratch()
    let child = try ChildProcess(
      Tools.tracectl,
      ["collect", "-providers", providers, "-o", scratch.path("t.etl")] + options
        + ["--", program] + arguments,
      in: scratch)
    try child.succeed()
    output = child.output
    let report = try ChildProcess(
      Tools.tracectl, [kind, scratch.path("t.etl"), "-o", scratch.path("report.json")],
      in: scratch)
    try report.succeed()
    let json = try Data(contentsOf: URL(fileURLWithPath: scratch.path("report.json")))
    let object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    #expect((object["lost"] as? [String: Any])?["events"] as? Int == 0)
    let processes = try #require(object["processes"] as? [[String: Any]])
    #expect(processes.count == 1)
    process = try #require(processes.first)
  }

  /// The number behind a word that the runtime printed: `collections 12`.
  func printed(_ word: String) throws -> Int {
    let words = output.split { " ,\n".contains($0) }
    let place = try #require(words.firstIndex { $0 == word }, "\(output)")
    return try #require(Int(words[place + 1]))
  }

  /// The number at a place of the report: `pauses.count`.
  func stated(_ path: String) throws -> Int {
    let keys = path.split(separator: ".").map(String.init)
    let parent = try keys.dropLast().reduce(process) { object, key in
      try #require(object[key] as? [String: Any], "\(key)")
    }
    return try #require(parent[keys[keys.count - 1]] as? Int, "\(path) in \(parent)")
  }

  func rows(_ key: String) throws -> [[String: Any]] {
    try #require(process[key] as? [[String: Any]])
  }

  /// Computes the report from the dumped events with a program of Tests/Recomputed, and expects no
  /// difference.
  func expectRecomputed() throws { try expectAsRecomputed(kind, in: scratch) }
}

/// Computes the report `report.json` of the trace `t.etl` from the dumped events with a program of
/// Tests/Recomputed, and expects no difference.
func expectAsRecomputed(_ kind: String, in scratch: Scratch) throws {
  let programs =
    #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Recomputed/"
  let line =
    "set -o pipefail; \(Tools.tracectl) dump \(scratch.path("t.etl")) -format json"
    + " | python3 -B \(programs)\(kind).py \(scratch.path("report.json"))"
  let child = try ChildProcess("/bin/bash", ["-c", line], in: scratch)
  let code = try child.wait(seconds: 60)
  #expect(code == 0, "\(child.output)")
}
