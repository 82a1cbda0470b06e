import Foundation
import TestSupport
import Testing
import TraceEvents

@testable import tracectl

/// The order, formats and errors of `tracectl summary`.
@Suite struct SummaryTests {
  private let directory = TemporaryDirectory()
  private var path: String { directory.path + "/t.etl" }

  init() throws {
    var trace = try SampledTrace(path: directory.path + "/t.etl")
    trace.process(7, "/bin/shop")
    for number in 1...4 as ClosedRange<UInt32> {
      let time = UInt64(number) * 1_000_000_000
      var cpu = CPUCounters()
      (cpu.user, cpu.steal) = (UInt64(number) * 50, UInt64(number) * 50)
      trace.add(cpu, at: time, pid: 1)
      var machine = MachineCounters()
      machine.running = number
      trace.add(machine, at: time, pid: 1)
      trace.add(GCSuspendBegin(reason: .forGC, count: number), at: time + 1, pid: 7)
      trace.add(GCStart(count: number, depth: 0, reason: .induced), at: time + 2, pid: 7)
      trace.add(GCEnd(count: number, depth: 0), at: time + 3, pid: 7)
      trace.add(GCRestartEnd(), at: time + 1_000_001, pid: 7)
      trace.add(
        ExceptionThrown(exceptionType: "Shop.SoldOut", exceptionMessage: "no 7"),
        at: time + 1_000_002, pid: 7)
      trace.sample(at: time + 1_000_003, pid: 7, stack: [0x1000])
    }
    try trace.finish()
  }

  @Test func whatIsUnusualComesFirst() throws {
    let run = try ToolRun("summary", path)
    #expect(run.exitCode == 0)
    let lines = run.output.split(separator: "\n").map(String.init)
    let unusual = try #require(lines.firstIndex(of: "Unusual:"), "\(run.output)")
    let others = try #require(lines.firstIndex(of: "Also:"), "\(run.output)")
    #expect(unusual < others)
    func place(_ text: String) throws -> Int {
      try #require(lines.firstIndex { $0.contains(text) }, "\(text) in \(run.output)")
    }
    let steal = try place("gave 50.0 % of the CPU time to other machines (steal, 1.5 s)")
    #expect(lines[steal].hasPrefix("  system ") && steal > unusual && steal < others)
    let collections = try place("shop (7) was paused for")
    #expect(lines[collections].hasPrefix("  gc ") && collections > others)
    #expect(lines[collections].contains("4.00 ms, by 4 collections, at most 1.00 ms."))
    let exceptions = try place("shop (7) threw 4 exceptions")
    #expect(lines[exceptions].hasPrefix("  exceptions ") && exceptions > others)
    #expect(lines[exceptions].hasSuffix(", mostly Shop.SoldOut."))
    // One function has all samples.
    let function = try place("used 100.0 % of the sampled CPU time, 4.00 ms.")
    #expect(lines[function].hasPrefix("  stacks ") && function < others)
  }

  @Test func json() throws {
    let run = try ToolRun("summary", path, "-format", "json", "-process", "shop", "-from", "3.5")
    #expect(run.exitCode == 0)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let topics = try #require(object["topics"] as? [[String: Any]])
    let collections = try #require(topics.first { $0["topic"] as? String == "collections" })
    #expect(collections["count"] as? Int == 1 && collections["command"] as? String == "gc")
    #expect(collections["amount_ns"] as? Int == 1_000_000)
    #expect(topics.allSatisfy { $0["sentence"] as? String != nil })
    // There is one reading in the time.
    #expect(!topics.contains { $0["topic"] as? String == "steal" })
  }

  @Test func nothingToSumUp() throws {
    let empty = directory.path + "/empty.etl"
    var trace = try SampledTrace(path: empty)
    trace.process(7, "/bin/shop")
    try trace.finish()
    let run = try ToolRun("summary", empty)
    #expect(run.exitCode == 0 && run.output.contains("There is nothing to sum up"))
    try expectOneSentence(of: [
      (["summary", path, "-from", "2", "-to", "1"], 64, "-from is after -to; swap them"),
      (["summary", path, "-format", "csv"], 64, "use one of text, json"),
      (["summary", path, "-process", "java"], 64, "match the processes and times; omit some"),
    ])
  }
}
