import TestSupport
import Testing
import TraceEvents
import TraceFormat

@testable import TraceAnalysis

/// The numbers of the other reports in comparisons of made traces, whose truth is known.
@Suite struct ComparedMeasuresTests {
  private static let second: UInt64 = 1_000_000_000

  /// What happens in one trace of 10 s, in each of ten equal steps.
  private struct Work {
    var collections = 1
    var pause: UInt64 = 1_000_000
    var thrown = 2
    var bytes: UInt64 = 1000
    var jobs = 1
    /// Of a job.
    var duration: UInt64 = 10_000_000
    /// Part of a step in which the thread runs.
    var running: UInt64 = 400_000_000
    var cpuTicks: UInt64 = 50
    var samples = 4
  }

  private static func trace(_ work: Work, _ path: String) throws -> TraceFile {
    var trace = try SampledTrace(path: path)
    try trace.recorder.define([JobStart.self, JobStop.self])
    trace.process(7, "/bin/shop")
    trace.add(SystemCounters(interval: second, ticksPerSecond: 100, memory: 1 << 30), at: 0, pid: 1)
    for step in 0..<11 as Range<UInt64> { add(step, work, to: &trace) }
    try trace.finish()
    return try TraceFile(path: path)
  }

  /// The last step only ends the time: counters and switches need an end.
  private static func add(_ step: UInt64, _ work: Work, to trace: inout SampledTrace) {
    let base = step * second
    var cpu = CPUCounters()
    (cpu.user, cpu.steal) = (step * work.cpuTicks, 0)
    trace.add(cpu, at: base + 1, pid: 1)
    var machine = MachineCounters()
    machine.contextSwitches = step * 100
    trace.add(machine, at: base + 2, pid: 1)
    trace.add(ContextSwitch(direction: .on), at: base + 3, pid: 7, tid: 8)
    guard step < 10 else { return }
    var time = base + 10
    func add(_ event: some TraceEvent, after: UInt64 = 10) {
      time += after
      trace.add(event, at: time, pid: 7, tid: 9)
    }
    for number in 0..<UInt32(work.collections) {
      add(GCSuspendBegin(reason: .forGC, count: number))
      add(GCStart(count: number, depth: 1, reason: .allocSmall))
      add(GCEnd(count: number, depth: 1))
      add(GCRestartEnd(), after: work.pause - 20)
    }
    for number in 0..<work.thrown {
      add(ExceptionThrown(exceptionType: number == 0 ? "A" : "B", exceptionMessage: ""))
    }
    add(
      GCAllocationTick(
        allocationAmount: work.bytes, allocationKind: .small, typeID: 0, typeName: "T",
        objectSize: 10))
    for job in 0..<UInt64(work.jobs) {
      add(JobStart(id: step * 100 + job))
      add(JobStop(id: step * 100 + job), after: work.duration)
    }
    for _ in 0..<work.samples {
      time += 10
      trace.sample(at: time, pid: 7, tid: 9, stack: [0x10])
    }
    trace.add(
      ContextSwitch(direction: .off, state: .sleeping), at: base + work.running + 3, pid: 7, tid: 8)
  }

  private static func compare(
    _ change: (inout Work) -> Void, per divisor: RunDivisor = .run
  ) throws -> ComparisonReport {
    let directory = TemporaryDirectory()
    var changed = Work()
    change(&changed)
    var making = RunProfiles(cores: 2)
    making.add(try trace(Work(), directory.path + "/a.etl"), per: divisor)
    making.add(try trace(changed, directory.path + "/b.etl"), per: divisor)
    let profiles = try making.make().map { try $0.get() }
    return Comparison(base: [profiles[0]], new: [profiles[1]], per: divisor).report(hasTree: true)
  }

  private static func values(
    _ report: ComparisonReport, _ topic: RunMeasure.Topic, _ name: String
  ) throws -> [Double] {
    let found = report.measures.first { $0.topic == topic && $0.name == name }
    let change = try #require(found, "\(report.measures.map(\.name))").change
    return [change.base, change.new]
  }

  /// Expects that a number is the same but for what was changed.
  private static func expect(
    _ topic: RunMeasure.Topic, _ name: String, _ expected: [Double],
    per divisor: RunDivisor = .run, _ change: (inout Work) -> Void
  ) throws {
    let found = try values(compare(change, per: divisor), topic, name)
    for (value, right) in zip(found, expected) {
      #expect((value - right).magnitude < 1e-6 * right, "\(name): \(found), not \(expected)")
    }
  }

  @Test func collections() throws {
    try Self.expect(.gc, "collections", [10, 30]) { $0.collections = 3 }
    try Self.expect(.gc, "paused", [1e7, 4e7]) { $0.pause = 4_000_000 }
    try Self.expect(.gc, "pause, 50 %", [1e6, 4e6]) { $0.pause = 4_000_000 }
    try Self.expect(.gc, "pause, longest", [1e6, 4e6]) { $0.pause = 4_000_000 }
  }

  @Test func exceptionsAndAllocations() throws {
    try Self.expect(.exceptions, "thrown", [20, 50]) { $0.thrown = 5 }
    try Self.expect(.exceptions, "A", [10, 10]) { $0.thrown = 5 }
    try Self.expect(.exceptions, "B", [10, 40]) { $0.thrown = 5 }
    try Self.expect(.allocations, "allocated", [1e4, 7e4]) { $0.bytes = 7000 }
    try Self.expect(.allocations, "T", [1e4, 7e4]) { $0.bytes = 7000 }
  }

  @Test func threadsAndSystem() throws {
    try Self.expect(.threads, "running", [4e9, 7e9]) { $0.running = 700_000_000 }
    try Self.expect(.threads, "blocked", [6e9, 3e9]) { $0.running = 700_000_000 }
    try Self.expect(.system, "CPU busy", [5e9, 9e9]) { $0.cpuTicks = 90 }
    try Self.expect(.system, "context switches", [1000, 1000]) { $0.cpuTicks = 90 }
  }

  @Test func requests() throws {
    try Self.expect(.requests, "completed", [10, 40]) { $0.jobs = 4 }
    try Self.expect(.requests, "Job, 95 %", [1e7, 3e7]) { $0.duration = 30_000_000 }
  }

  /// Amounts are divided, percentiles are not.
  @Test func perRequestAndPerEvent() throws {
    func change(_ work: inout Work) { (work.jobs, work.thrown) = (4, 16) }
    try Self.expect(.exceptions, "thrown", [2, 4], per: .request, change)
    try Self.expect(.exceptions, "thrown", [2, 4], per: .event("Jobs/JobStart"), change)
    let thrown = RunDivisor.event("Runtime/ExceptionThrown")
    try Self.expect(.gc, "collections", [0.5, 0.0625], per: thrown, change)
    try Self.expect(.requests, "Job, 50 %", [1e7, 1e7], per: .request, change)
    let span = 10.000_000_003
    try Self.expect(.exceptions, "thrown", [20 / span, 160 / span], per: .second, change)
    // 40 samples of a millisecond.
    try Self.expect(.exceptions, "thrown", [500, 4000], per: .cpu, change)
    let report = try Self.compare({ $0.jobs = 4 }, per: .request)
    #expect(report.total.base == 4e6 && report.total.new == 1e6)
    let none = try Self.compare({ $0.jobs = 0 }, per: .request)
    #expect(none.cautions.contains { if case .noDivisor = $0 { true } else { false } })
  }

  /// One run a side: counts tell their noise, and times do not.
  @Test func verdictsOfCountsAndTimes() throws {
    let report = try Self.compare {
      ($0.thrown, $0.pause, $0.bytes) = (20, 9_000_000, 9000)
    }
    func verdict(_ topic: RunMeasure.Topic, _ name: String) -> ComparisonReport.Verdict? {
      report.measures.first { $0.topic == topic && $0.name == name }?.change.verdict
    }
    #expect(verdict(.exceptions, "thrown") == .higher)
    #expect(verdict(.gc, "collections") == .notDistinguishable)
    #expect(verdict(.gc, "paused") == .unknown && verdict(.allocations, "allocated") == .unknown)
  }

  /// Every amount of the tree is on its side.
  @Test func differenceTree() throws {
    let report = try Self.compare { $0.samples = 9 }
    let tree = try #require(report.difference)
    #expect(tree.baseInclusive[0] == 40e6 && tree.newInclusive[0] == 90e6)
    #expect(tree.baseExclusive.reduce(0, +) == 40e6 && tree.newExclusive.reduce(0, +) == 90e6)
    #expect(tree.tree.count == 3 && tree.children[0] == [1] && tree.children[1] == [2])
    #expect(tree.baseExclusive[2] == 40e6 && tree.newExclusive[2] == 90e6)
  }

  /// Ties are in the same order, whichever of two processes was collected first.
  @Test func orderDoesNotDependOnThreads() {
    func order(_ stacks: [[UInt32]]) -> [UInt32] {
      var tree = StackTree()
      for process in [100, 200] as [UInt32] {
        _ = tree.child(of: StackTree.root, FrameID(rawValue: process))
      }
      for stack in stacks {
        let node = stack.reduce(StackTree.root) { tree.child(of: $0, FrameID(rawValue: $1)) }
        tree.add(StackMetric(count: 1, weight: 1), at: node)
      }
      return CallTree(tree).framesByFirstVisit(frameCount: 300).map(\.rawValue)
    }
    let inTime = order([[100, 1], [200, 7], [200, 5], [100, 2, 5], [200, 7, 3]])
    #expect(inTime == [100, 1, 2, 5, 200, 7, 3])
    #expect(order([[200, 7], [200, 5], [200, 7, 3], [100, 1], [100, 2, 5]]) == inTime)
  }

  /// One thread makes the same profiles.
  @Test func severalAtATime() throws {
    let directory = TemporaryDirectory()
    let files = try (0..<3).map {
      var work = Work()
      work.samples = 4 + $0
      return try Self.trace(work, directory.path + "/\($0).etl")
    }
    func totals(_ cores: Int) throws -> [UInt64] {
      var making = RunProfiles(cores: cores)
      for file in files { making.add(file) }
      return try making.make().map { try $0.get().total.count }
    }
    #expect(try totals(1) == [40, 50, 60])
    #expect(try totals(2) == [40, 50, 60])
    #expect(RunProfiles(cores: 2).make().isEmpty)
  }
}
