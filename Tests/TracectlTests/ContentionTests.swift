import Foundation
import TestSupport
import Testing
import TraceEvents

@testable import tracectl

/// The options, formats and errors of `tracectl contention`.
@Suite struct ContentionTests {
  private let made: ReportedTrace
  private var path: String { made.path }

  init() throws {
    made = try ReportedTrace { trace in
      trace.add(SymbolLoad(address: 0x1000, size: 0x100, name: "pay"), at: 1, pid: 7)
      for number in 0..<3 as Range<UInt64> {
        let time = (number + 1) * 100_000_000
        let type = number == 1 ? "Shelf,\u{1b}" : "Till"
        trace.add(
          ContentionStart(lockID: 0xab, lockType: type), at: time, pid: 7, tid: 8, stack: [0x1010])
        trace.add(
          ContentionOwner(lockID: 0xab, ownerThreadID: 9, ownerThreadName: "boss"), at: time + 1,
          pid: 7, tid: 8)
        trace.add(
          ContentionStop(duration: 2_000_000, lockID: 0xab, lockType: type), at: time + 2_000_000,
          pid: 7, tid: 8)
      }
      trace.add(ContentionStart(lockID: 1, lockType: "Open"), at: 900_000_000, pid: 7, tid: 8)
      trace.add(MonitorWaitStop(lockID: 1, duration: 0), at: 1_000_000_000, pid: 7, tid: 9)
    }
  }

  @Test func text() throws {
    let run = try ToolRun("contention", path, "-top", "1")
    #expect(run.exitCode == 0 && !run.output.contains("\u{1b}"))
    for text in [
      "Process shop (7): threads waited 3 times for 2 locks, 6.00 ms in total",
      "uncounted  1 wait without a known beginning", "4.00 ms      2  2.00 ms",
      "monitor  Till@ab", "… and 1 more; -top 2 shows all", "2 waits, 4.00 ms, at",
      "held by thread 9 boss, 2 times", "Waits without an end:", "the trace ended  Open@1",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
  }

  @Test func tables() throws {
    let csv = try ToolRun("contention", path, "-format", "csv", "-from", "0.15")
    let rows = csv.output.components(separatedBy: "\r\n")
    #expect(rows.count == 4)
    #expect(rows[1].hasPrefix("7,shop,monitor,\"Shelf,"), "\(rows[1])")
    #expect(rows[2].hasPrefix("7,shop,monitor,Till,0xab,"), "\(rows[2])")
    #expect(rows[2].contains(",1,2000000,2000000,"), "\(rows[2])")
    let json = try ToolRun("contention", path, "-format", "json", "-process", "sh*")
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    let process = try #require((object["processes"] as? [[String: Any]])?.first)
    #expect(process["open_count"] as? Int == 1 && process["stops_without_start"] as? Int == 1)
    let contended = try #require(process["contended"] as? [String: Any])
    #expect(contended["lock_count"] as? Int == 2)
    let longest = try #require((contended["longest"] as? [[String: Any]])?.first)
    #expect((longest["owner"] as? [[String: Any]])?.first?["thread"] as? String == "boss")
  }

  @Test func errors() throws {
    try expectOneSentence(of: [
      (
        ["contention", made.empty], 65,
        "has no waits for locks; collect with -providers Contention"
      ),
      (["contention", path, "-p", "8"], 64, "match the processes and times; omit some"),
      (["contention", path, "-top", "-1"], 64, "-top"),
    ])
  }
}
