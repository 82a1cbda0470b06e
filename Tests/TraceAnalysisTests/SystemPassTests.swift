import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis

/// Amounts from counters: never negative, never giant, only of the selected time.
@Suite struct SystemPassTests {
  private let directory = TemporaryDirectory()
  private static let second: UInt64 = 1_000_000_000

  private func report(
    _ selection: ReportSelection = ReportSelection(), every_ns: Int64? = nil,
    _ body: (inout SampledTrace) throws -> Void
  ) throws -> SystemReport {
    let path = directory.path + "/trace.etl"
    var trace = try SampledTrace(path: path)
    trace.process(7, "/bin/shop")
    trace.add(
      SystemCounters(interval: Self.second, ticksPerSecond: 100, memory: 1 << 30, swap: 1000),
      at: 0, pid: 1)
    try body(&trace)
    try trace.finish()
    return try SystemPass(selection, every_ns: every_ns)
      .report(from: Replay(TraceFile(path: path)))
  }

  private static func cpu(user: UInt64, steal: UInt64, idle: UInt64 = 0) -> CPUCounters {
    var counters = CPUCounters()
    (counters.user, counters.steal, counters.idle) = (user, steal, idle)
    return counters
  }

  private static func machine(switches: UInt64, available: UInt64) -> MachineCounters {
    var counters = MachineCounters()
    (counters.contextSwitches, counters.available) = (switches, available)
    (counters.running, counters.swapFree) = (3, 400)
    return counters
  }

  private static func process(cpu: UInt64, waited: UInt64 = 0) -> ProcessCounters {
    var counters = ProcessCounters()
    (counters.cpu, counters.waited, counters.threads) = (cpu, waited, 2)
    counters.resident = cpu
    counters.cpuCgroup = 1
    return counters
  }

  /// Readings at 1, 2, 3 and 4 s.
  private func add(
    _ trace: inout SampledTrace, switches: [UInt64], cpu: [UInt64], steal: [UInt64]
  ) {
    for (index, count) in switches.enumerated() {
      let time = UInt64(index + 1) * Self.second
      trace.add(Self.cpu(user: cpu[index], steal: steal[index]), at: time, pid: 1)
      trace.add(Self.machine(switches: count, available: 100 - UInt64(index)), at: time, pid: 1)
      trace.add(Self.process(cpu: cpu[index] * 10_000_000), at: time, pid: 7)
    }
  }

  @Test func increases() throws {
    let report = try report {
      add(&$0, switches: [10, 15, 35, 36], cpu: [100, 150, 250, 250], steal: [0, 50, 50, 50])
    }
    #expect(report.from_ns == 1_000_000_000 && report.span_ns == 3 * Self.second)
    #expect(report.total.contextSwitches == 26 && report.rows.map(\.contextSwitches) == [5, 20, 1])
    #expect(report.total.cpu.user_ns == 1_500_000_000 && report.total.cpu.steal_ns == 500_000_000)
    #expect(report.total.available_bytes == 97 && report.total.swapUsed_bytes == 600)
    #expect(report.total.running_mean == 3 && report.total.pressure == nil)
    let process = try #require(report.processes.first)
    #expect(process.name == "shop" && process.total.cpu_ns == 1_500_000_000)
    #expect(process.total.cpu_percent == 50 && process.rows.map(\.cpu_ns).count == 3)
    #expect(process.cpuCgroup == 1 && process.memoryCgroup == nil)
    let steal = try #require(report.findings.first)
    #expect(steal.kind == .steal && steal.percent == 25 && steal.amount_ns == 500_000_000)
  }

  /// A disk that is removed and added again, a process that is moved, and corrected idle times.
  @Test func countersThatGoBackwards() throws {
    let report = try report {
      add(
        &$0, switches: [UInt64.max, 5, 3, 4], cpu: [500, 20, 30, 10], steal: [.max, 0, .max, .max])
      for (time, reads) in [(5, 1000), (6, 10), (7, 15)] as [(UInt64, UInt64)] {
        var disk = DiskCounters(name: "sda")
        (disk.reads, disk.busy) = (reads, reads &* .max)
        $0.add(disk, at: time * Self.second, pid: 1)
      }
    }
    #expect(report.rows.map(\.contextSwitches) == [0, 0, 1] && report.total.contextSwitches == 1)
    #expect(report.total.cpu.user_ns == 100_000_000)
    #expect(report.processes.first?.rows.map(\.cpu_ns) == [0, 100_000_000, 0])
    #expect(report.disks.first?.reads == 5)
    // A sum that does not fit is the largest number, and no trap.
    #expect(report.total.cpu.steal_ns == .max && report.total.cpu.all_ns == .max)
  }

  @Test func selectedTimes() throws {
    func add(_ trace: inout SampledTrace) {
      self.add(&trace, switches: [10, 15, 35, 36], cpu: [1, 2, 3, 4], steal: [0, 0, 0, 0])
    }
    var selection = ReportSelection()
    selection.time = 1_500_000_000...3_500_000_000
    let some = try report(selection, add)
    #expect(some.from_ns == 2_000_000_000 && some.to_ns == 3_000_000_000)
    #expect(some.total.contextSwitches == 20 && some.processes.first?.total.cpu_ns == 10_000_000)
    selection.time = 1_500_000_000...2_500_000_000
    #expect(throws: NothingToReport.noneSelected(what: "system counters")) {
      try report(selection, add)
    }
    selection = ReportSelection()
    selection.processes = ProcessPatterns(["other"])
    #expect(try report(selection, add).processes.isEmpty)
  }

  @Test func parts() throws {
    let report = try report(every_ns: 2_000_000_000) {
      add(&$0, switches: [10, 15, 35, 36], cpu: [1, 2, 3, 4], steal: [0, 0, 0, 0])
    }
    #expect(report.rows.map(\.contextSwitches) == [25, 1] && report.showsRows)
    #expect(report.rows.map(\.from_ns) == [1_000_000_000, 3_000_000_000])
    #expect(report.processes.first?.rows.map(\.cpu_ns) == [20_000_000, 10_000_000])
  }

  @Test func whatLimitsTookAway() throws {
    let report = try report { trace in
      add(&trace, switches: [1, 2], cpu: [1, 2], steal: [0, 0])
      for index in 0...1 as ClosedRange<UInt64> {
        var cpu = CgroupCPUCounters(number: 1, path: "/app")
        (cpu.periods, cpu.throttledPeriods) = (index * 10, index * 4)
        (cpu.throttled, cpu.quota) = (index * 300, 500_000)
        trace.add(cpu, at: (3 + index) * Self.second, pid: 1)
        cpu.number = 2
        trace.add(cpu, at: (3 + index) * Self.second, pid: 1)
      }
      for index in 0...1 as ClosedRange<UInt64> {
        let process = Self.process(cpu: 5 * index, waited: index * Self.second)
        trace.add(process, at: (5 + index) * Self.second, pid: 7)
      }
    }
    // Another process's cgroup is not shown.
    #expect(report.cpuCgroups.map(\.path) == ["/app"])
    #expect(report.findings.map(\.kind) == [.throttled, .waited])
    #expect(report.findings[0].percent == 40 && report.findings[0].amount_ns == 300)
    #expect(report.findings[1].pid == 7 && report.findings[1].amount_ns == Self.second)
  }

  /// The limits are for the processes that are reported.
  @Test func leftOutProcessesTakeNothingOfTheLimits() throws {
    func add(_ trace: inout SampledTrace) {
      trace.process(8, "/bin/other")
      for time in 0...UInt64(SystemSums.rowsMax) {
        trace.add(Self.process(cpu: time), at: time, pid: 8)
      }
      for index in 0...1 as ClosedRange<UInt64> {
        trace.add(Self.process(cpu: index * 5), at: (index + 1) * Self.second, pid: 7)
      }
    }
    let all = try report(ReportSelection(), add)
    #expect(all.partial == [.limited(what: "readings")])
    #expect(all.processes.map(\.rows.count) == [SystemSums.rowsMax, 0])
    for isByName in [false, true] {
      var selection = ReportSelection()
      if isByName { selection.processes = ProcessPatterns(["shop"]) } else { selection.pids = [7] }
      let some = try report(selection, add)
      #expect(some.partial.isEmpty && some.processes.map(\.rows.count) == [1])
      #expect(some.processes.first?.total.cpu_ns == 5)
    }
  }

  @Test func noCounters() throws {
    let path = directory.path + "/empty.etl"
    var trace = try SampledTrace(path: path)
    trace.sample(at: 1, pid: 7, stack: [])
    try trace.finish()
    #expect(
      throws: NothingToReport.noEvents(what: "system counters", keyword: "SystemCounters")
    ) {
      try SystemPass().report(from: Replay(TraceFile(path: path)))
    }
  }
}
