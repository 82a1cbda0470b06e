import Foundation
import TestSupport
import Testing
import TraceEvents

@testable import tracectl

/// The options, formats and errors of `tracectl allocations`.
@Suite struct AllocationsTests {
  private let made: ReportedTrace
  private var path: String { made.path }

  init() throws {
    made = try ReportedTrace { trace in
      for number in 0..<3 as Range<UInt64> {
        trace.add(
          GCAllocationTick(
            allocationAmount: 100_000, allocationKind: .small, typeID: 0,
            typeName: number == 1 ? "int[],\u{1b}" : "String", objectSize: 24),
          at: number * 500_000_000, pid: 7, stack: number == 2 ? [0x10] : [])
      }
    }
  }

  @Test func text() throws {
    let run = try ToolRun("allocations", path, "-top", "1")
    #expect(run.exitCode == 0 && !run.output.contains("\u{1b}"))
    for text in [
      "Process shop (7): 293.0 KB allocated, 293.0 KB a second in 1.0 s, according to 3 events",
      "195.3 KB  66.7  195.3 KB    8,332       2  String", "… and 1 more; -top 2 shows all",
      "97.7 KB, 33.3 %, at",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
  }

  @Test func tables() throws {
    let csv = try ToolRun("allocations", path, "-format", "csv", "-from", "0.4")
    let rows = csv.output.components(separatedBy: "\r\n")
    #expect(rows.count == 4)
    #expect(rows[1] == "7,shop,String,1,100000,166666.6666666667,4166", "\(rows[1])")
    #expect(rows[2].hasPrefix("7,shop,\"int[],"))
    let json = try ToolRun("allocations", path, "-format", "json", "-process", "sh*")
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    let process = try #require((object["processes"] as? [[String: Any]])?.first)
    #expect(process["allocated_bytes"] as? Int == 300_000 && process["stack_count"] as? Int == 1)
  }

  /// `-top` limits the listed types and stacks, not what is summed up.
  @Test func top() throws {
    func process(_ options: String...) throws -> [String: Any] {
      let run = try ToolRun(shell: "$tracectl allocations '\(path)' -format json \(options[0])")
      let object = try #require(
        JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
      return try #require((object["processes"] as? [[String: Any]])?.first)
    }
    let all = try process("")
    let one = try process("-top 1")
    let none = try process("-top 0")
    #expect((all["types"] as? [Any])?.count == 2 && (all["stacks"] as? [Any])?.count == 1)
    #expect((one["types"] as? [Any])?.count == 1 && (one["stacks"] as? [Any])?.count == 1)
    #expect((none["types"] as? [Any])?.count == 0 && (none["stacks"] as? [Any])?.count == 0)
    for some in [one, none] {
      #expect(some["type_count"] as? Int == 2 && some["stack_count"] as? Int == 1)
      #expect(some["allocated_bytes"] as? Int == 300_000)
    }
    let csv = try ToolRun("allocations", path, "-format", "csv", "-top", "1")
    #expect(csv.output.components(separatedBy: "\r\n").count == 3)
    #expect(try ToolRun("allocations", path, "-top", "9").output.contains("int[],"))
    #expect(try !ToolRun("allocations", path, "-top", "1").output.contains("int[],"))
  }

  @Test func errors() throws {
    try expectOneSentence(of: [
      (
        ["allocations", made.empty], 65,
        "has no allocation events; collect with -providers GC::Verbose"
      ),
      (["allocations", path, "-p", "8"], 64, "match the processes and times; omit some"),
      (["allocations", path, "-top", "-1"], 64, "-top"),
    ])
  }
}
