import Foundation
import TestSupport
import Testing
import TraceEvents

@testable import tracectl

/// The options, formats and errors of `tracectl gc`.
@Suite struct GCTests {
  private let made: ReportedTrace
  private var path: String { made.path }

  init() throws {
    made = try ReportedTrace(of: "/bin/a,b") { trace in
      for number in 1...3 as ClosedRange<UInt32> {
        let time = UInt64(number) * 1_000_000
        trace.add(GCSuspendBegin(reason: .forGC, count: number), at: time, pid: 7)
        trace.add(GCStart(count: number, depth: 0, reason: .induced), at: time + 10, pid: 7)
        trace.add(GCEnd(count: number, depth: 0), at: time + 20, pid: 7)
        trace.add(GCRestartEnd(), at: time + 1000 * UInt64(number), pid: 7)
      }
      trace.add(GCSuspendBegin(reason: .forGC, count: 4), at: 4_000_000, pid: 7)
      trace.add(GCEnd(count: 0, depth: 0), at: 5_000_000, pid: 7)
    }
  }

  @Test func text() throws {
    let run = try ToolRun("gc", path, "-top", "2")
    #expect(run.exitCode == 0)
    for text in [
      "Process a,b (7): 3 collections", "6.00 µs, 0.15 % of the time, in 3 pauses",
      "max 3.00 µs, mean 2.00 µs, 50 % 2.00 µs", "Induced", "… and 1 more; -top 3 shows all",
      "0.004000  suspension       4  the trace ended", "1 collection without a beginning",
      "What threads did in the 10.0 ms before:", "  0.003000 s, pause of 3.00 µs",
      "    thread 7: 2 Runtime.GCEnd, 2 Runtime.GCRestartEnd, 2 Runtime.GCStart",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
  }

  @Test func tables() throws {
    let run = try ToolRun("gc", path, "-format", "csv")
    let rows = run.output.components(separatedBy: "\r\n")
    #expect(rows.count == 5 && rows[0].hasPrefix("pid,name,number,generation,cause,type,start_ns"))
    #expect(rows[1] == "7,\"a,b\",1,0,Induced,NonConcurrent,1000010,10,1000,,,,,,,")
    let json = try ToolRun("gc", path, "-o", made.place("r.json"), "-from", "2ms")
    #expect(json.exitCode == 0)
    let data = try Data(contentsOf: URL(fileURLWithPath: made.place("r.json")))
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let process = try #require((object["processes"] as? [[String: Any]])?.first)
    #expect(process["collection_count"] as? Int == 2)
  }

  @Test func errors() throws {
    try expectOneSentence(of: [
      (["gc", made.empty], 65, "has no garbage collections; collect with -providers GC"),
      (["gc", path, "-process", "java"], 64, "match the processes and times; omit some"),
      (["gc", path, "-p", "8"], 64, "match the processes and times"),
      (["gc", path, "-from", "2", "-to", "1"], 64, "-from is after -to; swap them"),
      (["gc", path, "-top", "-1"], 64, "-top"),
      (["gc", path, "-format", "folded"], 64, "use one of text, json, csv"),
    ])
  }
}
