import Foundation
import TestSupport
import Testing
import TraceEvents

@testable import tracectl

/// The options, formats and errors of `tracectl system`.
@Suite struct SystemTests {
  private let directory = TemporaryDirectory()
  private var path: String { directory.path + "/t.etl" }

  init() throws {
    var trace = try SampledTrace(path: directory.path + "/t.etl")
    trace.process(7, "/bin/a,b")
    trace.add(
      SystemCounters(
        interval: 1_000_000_000, ticksPerSecond: 100, memory: 2 << 30, note: "No PSI."),
      at: 0, pid: 1)
    for second in 1...3 as ClosedRange<UInt64> {
      let time = second * 1_000_000_000
      var cpu = CPUCounters()
      (cpu.user, cpu.steal, cpu.idle) = (second * 50, second * 10, second * 40)
      trace.add(cpu, at: time, pid: 1)
      var machine = MachineCounters()
      (machine.contextSwitches, machine.running) = (second * 1000, 4)
      machine.available = 1 << 30
      trace.add(machine, at: time, pid: 1)
      var process = ProcessCounters()
      (process.cpu, process.waited) = (second * 500_000_000, second * 250_000_000)
      (process.majorFaults, process.resident) = (second, 1 << 20)
      trace.add(process, at: time, pid: 7)
    }
    try trace.finish()
  }

  @Test func text() throws {
    let run = try ToolRun("system", path, "-every", "1s", "-top", "1")
    #expect(run.exitCode == 0)
    for text in [
      "note       No PSI.", "gave 10.0 % of the CPU time to other machines (steal, 200 ms)",
      "a,b (7) was ready but did not run in 33.3 % of the time in which it had work, 500 ms",
      "user 50.0 %, nice 0 %", "1,000 switches, 0.0 interrupts", "4.0 threads ran or waited",
      "1.00 GB of 2.00 GB available", "1.00 s", "Machine by time:", "a,b (7) by time:",
      "… and 1 more; -top 2 shows all",
    ] {
      #expect(run.output.contains(text), "\(text) in \(run.output)")
    }
    #expect(try !ToolRun("system", path).output.contains("by time"))
  }

  @Test func tables() throws {
    let run = try ToolRun("system", path, "-format", "csv")
    let rows = run.output.components(separatedBy: "\r\n")
    #expect(rows.count == 6 && rows[0].hasPrefix("from_ns,to_ns,pid,name,cpu_ns,user_ns,nice_ns"))
    let cells = rows.dropLast().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(
      rows[1].hasPrefix("1000000000,2000000000,,,500000000,500000000,0,0,400000000,0,100000000"))
    #expect(rows[3].hasPrefix("1000000000,2000000000,7,\"a,b\",500000000,"))
    #expect(Set(cells.prefix(3).map(\.count)) == [cells[0].count])
    let json = try ToolRun("system", path, "-o", directory.path + "/r.json", "-from", "2s")
    #expect(json.exitCode == 0)
    let data = try Data(contentsOf: URL(fileURLWithPath: directory.path + "/r.json"))
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let process = try #require((object["processes"] as? [[String: Any]])?.first)
    #expect((process["total"] as? [String: Any])?["cpu_ns"] as? Int == 500_000_000)
    #expect((object["rows"] as? [Any])?.count == 1)
  }

  /// `-top` limits the listed processes and parts, not what is summed up.
  @Test func top() throws {
    for (top, count) in [("0", 0), ("1", 1), ("9", 2)] {
      let run = try ToolRun("system", path, "-format", "json", "-top", top)
      let object = try #require(
        JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
      #expect((object["rows"] as? [Any])?.count == count)
      let processes = try #require(object["processes"] as? [[String: Any]])
      #expect(processes.count == min(count, 1))
      if let process = processes.first { #expect((process["rows"] as? [Any])?.count == count) }
      let total = try #require(object["total"] as? [String: Any])
      #expect(total["context_switches"] as? Int == 2000, "\(total)")
      let text = try ToolRun("system", path, "-every", "1s", "-top", top).output
      if count > 0 {
        #expect(text.contains("more; -top 2 shows all") == (count < 2), "\(text)")
      }
    }
  }

  @Test func errors() throws {
    let empty = directory.path + "/empty.etl"
    var trace = try SampledTrace(path: empty)
    trace.sample(at: 1, pid: 7, stack: [])
    try trace.finish()
    try expectOneSentence(of: [
      (["system", empty], 65, "has no system counters; collect with -providers SystemCounters"),
      (["system", path, "-from", "9"], 64, "match the processes and times; omit some"),
      (["system", path, "-every", "0"], 64, "-every needs a time above 0"),
      (["system", path, "-top", "-1"], 64, "-top"),
      (
        ["collect", "-providers", "SystemCounters:50ms", "-o", directory.path + "/x.etl"], 64,
        "has no interval from 100ms to 60m"
      ),
      (
        ["collect", "-providers", "SystemCounters,SystemCounters:5s"], 64, "two intervals"
      ),
    ])
  }
}
