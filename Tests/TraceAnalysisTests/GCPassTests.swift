import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// Collections whose events are incomplete: what does not belong together is not paired.
@Suite struct GCPassTests {
  private let directory = TemporaryDirectory()

  private func report(
    _ selection: ReportSelection = ReportSelection(), _ body: (inout SampledTrace) throws -> Void
  ) throws -> GCReport {
    let path = directory.path + "/trace.etl"
    var trace = try SampledTrace(path: path)
    try body(&trace)
    try trace.finish()
    return try GCPass(selection).report(from: Replay(TraceFile(path: path)))
  }

  private func process(_ body: (inout SampledTrace) throws -> Void) throws -> GCReport.Process {
    try #require(try report(ReportSelection(), body).processes.first)
  }

  /// A stop of 50 ns: suspended after 5, collecting from 10 to 30.
  private func collect(
    _ number: UInt32, at time: UInt64, in trace: inout SampledTrace, pid: UInt32 = 7,
    without missing: Set<String> = []
  ) {
    func add(_ event: some TraceEvent, _ offset: UInt64, _ name: String) {
      if !missing.contains(name) { trace.add(event, at: time + offset, pid: pid) }
    }
    add(GCSuspendBegin(reason: .forGC, count: number), 0, "suspend")
    add(GCSuspendEnd(), 5, "stopped")
    add(GCStart(count: number, depth: 1, reason: .allocSmall), 10, "start")
    add(GCEnd(count: number, depth: 1), 30, "end")
    add(GCHeapStats(generationSize0: UInt64(number) * 1000, totalPromotedSize0: 10), 35, "heap")
    add(GCRestartBegin(), 40, "restart")
    add(GCRestartEnd(), 50, "restarted")
  }

  @Test func wholeCollections() throws {
    let process = try process {
      $0.process(7, "/bin/shop")
      for number in 1...1000 { collect(UInt32(number), at: UInt64(number) * 1000, in: &$0) }
    }
    #expect(process.name == "shop" && process.collections.count == 1000 && process.open.isEmpty)
    #expect(process.pauses.total_ns == 50_000 && process.pauses.p999_ns == 50)
    #expect(process.suspensions.max_ns == 5)
    #expect(process.pauses.buckets.map(\.below_ns) == [1000])
    #expect(process.pauses.buckets.map(\.count) == [1000])
    let last = try #require(process.collections.last)
    #expect(last.collect_ns == 20 && last.pause_ns == 50 && last.suspend_ns == 5)
    #expect(last.heapAfter_bytes == 1_000_000 && last.promoted_bytes == 10)
    // There are no allocation events.
    #expect(last.heapBefore_bytes == nil && process.allocated_bytes == nil)
    #expect(process.promoted_bytes == 10_000 && process.peakHeap_bytes == 1_000_000)
    #expect(process.generations.map(\.key) == [1] && process.causes.map(\.collections) == [1000])
    #expect(process.span_ns == 999_050)
  }

  @Test func aSessionThatStartsInACollection() throws {
    let process = try process {
      collect(1, at: 1000, in: &$0, without: ["suspend", "stopped", "start"])
      collect(2, at: 2000, in: &$0)
    }
    #expect(process.collections.map(\.number) == [2] && process.pauses.count == 1)
    #expect(process.collectionsWithoutStart == 1 && process.suspensionsWithoutStart == 1)
    #expect(process.open.isEmpty)
    // The heap that the first one reported is not the second one's.
    #expect(process.collections[0].heapAfter_bytes == 2000)
  }

  @Test func aProcessThatDiesInACollection() throws {
    let process = try process {
      collect(1, at: 1000, in: &$0)
      collect(2, at: 2000, in: &$0, without: ["end", "heap", "restart", "restarted"])
      $0.writer.processEnded(index: 7, atTicks: SampledTrace.start + 2020)
      $0.add(ProcessStart(parentPID: 1, name: "x"), at: 900_000, pid: 9)
    }
    #expect(process.collections.map(\.number) == [1] && process.pauses.total_ns == 50)
    #expect(process.open.map(\.reason) == [.processEnded, .processEnded])
    #expect(process.open.map(\.kind) == [.suspension, .collection])
    #expect(process.to_ns == 2020)
  }

  @Test func aTraceThatEndsInACollection() throws {
    let process = try process {
      collect(1, at: 1000, in: &$0)
      collect(2, at: 2000, in: &$0, without: ["end", "heap", "restart", "restarted"])
    }
    #expect(process.open.map(\.reason) == [.traceEnded, .traceEnded])
  }

  /// Events are missing without a record of their loss: the end of one stop and the beginning of
  /// the next.
  @Test func eventsOfTwoCollections() throws {
    let process = try process {
      collect(1, at: 1000, in: &$0, without: ["end", "heap", "restart", "restarted"])
      collect(2, at: 2_000_000, in: &$0, without: ["suspend", "stopped", "start"])
      collect(3, at: 3_000_000, in: &$0, without: ["restarted"])
      collect(4, at: 4_000_000, in: &$0)
    }
    #expect(process.collections.map(\.number) == [3, 4] && process.pauses.max_ns == 50)
    #expect(process.collections.map(\.pause_ns) == [nil, 50])
    #expect(process.collectionsWithoutStart == 1)
    #expect(
      process.open.map { "\($0.kind) \($0.number) \($0.reason)" } == [
        "suspension 1 eventsMissing", "collection 1 eventsMissing", "suspension 3 eventsMissing",
      ])
  }

  /// The events of a whole collection fit to those of another one; only the loss tells.
  @Test(arguments: [UInt32(7), nil, 8]) func aLossInAPause(processIndex: UInt32?) throws {
    let report = try report {
      $0.process(8, "/bin/other")
      collect(1, at: 1000, in: &$0, without: ["restart", "restarted"])
      $0.recorder.addLoss(
        LossRecord(
          stream: 0, cpu: 0, cause: .bufferFull, count: 5, fromTicks: SampledTrace.start + 1036,
          toTicks: SampledTrace.start + 1_999_000, processIndex: processIndex))
      $0.add(GCRestartEnd(), at: 2_000_000, pid: 7)
      collect(3, at: 3_000_000, in: &$0)
    }
    let process = try #require(report.processes.first)
    #expect(report.lost.events == 5)
    let isOther = processIndex == 8
    #expect(process.pauses.count == (isOther ? 2 : 1))
    #expect(process.pauses.max_ns == (isOther ? 1_999_000 : 50))
    #expect(process.open.map(\.kind) == (isOther ? [] : [.suspension]))
    #expect(process.collections.map(\.collect_ns) == [20, 20])
  }

  /// A background collection is stopped for twice, and a collection of the young generation runs
  /// in between.
  @Test func aBackgroundCollection() throws {
    let process = try process {
      $0.add(GCSuspendBegin(reason: .forGC, count: 1), at: 100, pid: 7)
      $0.add(GCStart(count: 1, depth: 2, reason: .induced, type: .background), at: 110, pid: 7)
      $0.add(GCRestartEnd(), at: 120, pid: 7)
      collect(2, at: 1000, in: &$0)
      $0.add(GCSuspendBegin(reason: .gcPrep, count: 1), at: 2000, pid: 7)
      $0.add(GCRestartEnd(), at: 2030, pid: 7)
      $0.add(GCSuspendBegin(reason: .debugger, count: 0), at: 2500, pid: 7)
      $0.add(GCRestartEnd(), at: 9000, pid: 7)
      $0.add(GCEnd(count: 1, depth: 2), at: 10_000, pid: 7)
    }
    #expect(process.collections.map(\.number) == [1, 2])
    #expect(process.collections[0].collect_ns == 9890 && process.pauses.count == 3)
    // What a debugger stops is no pause of a collection that runs beside the program.
    #expect(process.collections.map(\.pause_ns) == [50, 50])
    #expect(process.pauses.total_ns == 100)
  }

  /// A runtime that reports no suspensions, such as a JVM: its collections are the pauses.
  @Test func collectionsWithoutSuspensions() throws {
    let process = try process {
      for number in 1...3 as ClosedRange<UInt32> {
        $0.add(GCStart(count: number, depth: 0, reason: .empty), at: UInt64(number) * 100, pid: 7)
        $0.add(GCEnd(count: number, depth: 0), at: UInt64(number) * 110, pid: 7)
      }
      let start = SampledTrace.start
      $0.add(
        GCAllocationStall(threadID: 5, threadName: "main", duration: 40, until: start + 390),
        at: 400, pid: 7)
    }
    #expect(process.pauseSource == .collections)
    #expect(process.pauses.count == 3 && process.pauses.total_ns == 60)
    #expect(process.stalls.total_ns == 40)
    #expect(process.longestStalls.map(\.start_ns) == [350])
  }

  /// A runtime that states generation and cause only at the end, such as a JVM.
  @Test func historyOfCollections() throws {
    let process = try process {
      for number in 1...3 as ClosedRange<UInt32> {
        let time = UInt64(number) * 100
        $0.add(GCStart(count: number, depth: 0, reason: .empty), at: time, pid: 7)
        $0.add(GCEnd(count: number, depth: 0), at: time + 10, pid: 7)
        if number == 3 { $0.add(GCStart(count: 9, depth: 0, reason: .empty), at: 311, pid: 7) }
        $0.add(
          GCHistory(
            count: number, depth: 1, cause: number == 2 ? "" : "Metadata GC Threshold",
            collector: "Serial"), at: time + 15, pid: 7)
        $0.add(GCHeapStats(generationSize0: 500), at: time + 20, pid: 7)
      }
    }
    // The third is not its collection's, as far as is known.
    #expect(process.collections.map(\.generation) == [1, 1, 0])
    #expect(process.collections.map(\.collector) == ["Serial", "Serial", nil])
    #expect(
      process.collections.map(\.cause) == [
        .text("Metadata GC Threshold"), .reason(.empty), .reason(.empty),
      ])
    #expect(process.causes.map(\.key) == [.reason(.empty), .text("Metadata GC Threshold")])
    #expect(process.causes.map(\.collections) == [2, 1])
    #expect(process.longestPauses.map(\.generation) == [1, 1, 0])
    #expect(process.collections.map(\.heapAfter_bytes) == [500, 500, nil])
  }

  @Test func theSelectedTimeAndProcess() throws {
    var selection = ReportSelection()
    selection.time = 2010...3000
    selection.pids = [7]
    let process = try #require(
      try report(selection) {
        for number in 1...4 as ClosedRange<UInt32> {
          collect(number, at: UInt64(number) * 1000, in: &$0)
          collect(number, at: UInt64(number) * 1000 + 500, in: &$0, pid: 8)
        }
      }.processes.first)
    // The second collection begins in that time, its pause does not.
    #expect(process.pid == 7 && process.collections.map(\.number) == [2])
    #expect(process.pauses.count == 1 && process.longestPauses.map(\.collection) == [3])
    #expect(process.from_ns == 2010 && process.to_ns == 3000)
    selection.time = 9000...9001
    #expect(throws: NothingToReport.noneSelected(what: "garbage collections")) {
      _ = try report(selection) { collect(1, at: 1000, in: &$0) }
    }
    #expect(throws: NothingToReport.noEvents(what: "garbage collections", keyword: "GC")) {
      _ = try report { $0.sample(at: 1, pid: 7, stack: []) }
    }
  }

  /// Values that a hostile program writes.
  @Test func absurdValues() throws {
    let process = try process {
      $0.add(GCAllocationStall(threadID: 0, duration: .max, until: .max), at: 5, pid: 7)
      $0.add(GCAllocationStall(threadID: 0, duration: .max, until: 0), at: 6, pid: 7)
      for time in 10...11 as ClosedRange<UInt64> {
        $0.add(
          GCAllocationTick(
            allocationAmount: .max, allocationKind: .small, typeID: 0, typeName: ""),
          at: time, pid: 7)
      }
      $0.add(GCHeapStats(generationSize0: .max, generationSize1: .max), at: 12, pid: 7)
      $0.add(GCStart(count: .max, depth: .max, reason: GCReason(rawValue: .max)), at: 13, pid: 7)
      $0.add(GCEnd(count: .max, depth: 0), at: 13, pid: 7)
    }
    #expect(process.stalls.total_ns == .max && process.allocated_bytes == .max)
    #expect(process.collections.map(\.collect_ns) == [0])
  }
}
