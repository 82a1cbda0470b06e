import Foundation
import TestSupport
import Testing
import TraceEvents

@testable import tracectl

/// The options, formats and errors of `tracectl exceptions`.
@Suite struct ExceptionsTests {
  private let made: ReportedTrace
  private var path: String { made.path }

  init() throws {
    made = try ReportedTrace { trace in
      for number in 0..<3 as Range<UInt64> {
        trace.add(
          ExceptionThrown(
            exceptionType: "Late\u{1b}[31m", exceptionMessage: "order \(number), \"x\"",
            methodName: "sell"),
          at: number * 500_000_000, pid: 7)
      }
      trace.add(ExceptionThrown(exceptionType: "Other", exceptionMessage: ""), at: 1 << 30, pid: 7)
    }
  }

  @Test func text() throws {
    let run = try ToolRun("exceptions", path, "-top", "1")
    #expect(run.exitCode == 0 && !run.output.contains("\u{1b}"))
    for text in [
      "Process shop (7): 4 exceptions, 3.7 a second", "order #", "thrown in  sell (3)",
      "… and 1 more; -top 2 shows all",
      "  over time  █..............█...............█.█  32.0 ms each",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
  }

  @Test func tables() throws {
    let csv = try ToolRun("exceptions", path, "-format", "csv", "-to", "1.0")
    let rows = csv.output.components(separatedBy: "\r\n")
    #expect(rows.count == 3)
    #expect(rows[1].hasSuffix("\"order #, \"\"…\"\"\",3,0,,3.0,0,1000000000"))
    let json = try ToolRun("exceptions", path, "-format", "json", "-process", "sh*")
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    let process = try #require((object["processes"] as? [[String: Any]])?.first)
    let line = try #require(process["time_line"] as? [String: Any])
    #expect(line["step_ns"] as? Int == 32_000_000)
    #expect((line["counts"] as? [Int])?.count == 34)
    #expect(process["thrown"] as? Int == 4 && process["group_count"] as? Int == 2)
  }

  @Test func errors() throws {
    try expectOneSentence(of: [
      (["exceptions", made.empty], 65, "has no exceptions; collect with -providers Exception"),
      (["exceptions", path, "-p", "8"], 64, "match the processes and times; omit some"),
      (["exceptions", path, "-top", "-1"], 64, "-top"),
    ])
  }
}
