import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// Chains of waits: the steps follow each other without a gap, and where the events end, so does
/// the chain.
@Suite struct ChainPassTests {
  private func report(
    _ tid: UInt32, _ selection: ReportSelection = ReportSelection(),
    _ body: (inout SampledTrace) throws -> Void
  ) throws -> ChainReport {
    let report = try TraceAnalysisTests.report(of: ChainPass(thread: tid, selection)) {
      $0.process(7, "/bin/shop")
      try body(&$0)
    }
    var time = report.from_ns
    for step in report.steps {
      #expect(step.start_ns == time && step.duration_ns > 0, "\(step)")
      time += Int64(step.duration_ns)
    }
    #expect(time == report.to_ns)
    #expect(report.causes.map(\.total_ns).reduce(0, +) == UInt64(time - report.from_ns))
    return report
  }

  private func on(_ trace: inout SampledTrace, _ tid: UInt32, at time: UInt64) {
    trace.add(ContextSwitch(direction: .on), at: time, pid: 7, tid: tid)
  }

  private func off(
    _ trace: inout SampledTrace, _ tid: UInt32, at time: UInt64, _ state: ThreadState = .sleeping
  ) {
    trace.add(ContextSwitch(direction: .off, state: state), at: time, pid: 7, tid: tid)
  }

  private func wake(
    _ trace: inout SampledTrace, _ tid: UInt32, by waker: UInt32, at time: UInt64,
    _ context: WakeContext = .thread
  ) {
    trace.add(ReadyThread(threadID: tid, context: context), at: time, pid: 7, tid: waker)
  }

  private func end(_ trace: inout SampledTrace, at time: UInt64) {
    trace.add(ProcessStart(parentPID: 1, name: "x"), at: time, pid: 9)
  }

  private func texts(_ report: ChainReport) -> [String] {
    report.steps.map { step in
      let end = step.end.map { " (\($0.rawValue))" } ?? ""
      return "\(step.thread.tid) \(step.state.rawValue) \(step.duration_ns)\(end)"
    }
  }

  /// 11 waits for 12, 12 waits for 13, and 13 for a disk.
  private func waitsOfThree(_ trace: inout SampledTrace) {
    for tid in 11...13 as ClosedRange<UInt32> { on(&trace, tid, at: 1) }
    off(&trace, 11, at: 5)
    off(&trace, 12, at: 10)
    off(&trace, 13, at: 20, .uninterruptible)
    wake(&trace, 13, by: 0, at: 80, .interrupt)
    on(&trace, 13, at: 82)
    wake(&trace, 12, by: 13, at: 85)
    on(&trace, 12, at: 90)
    wake(&trace, 11, by: 12, at: 95)
    on(&trace, 11, at: 97)
    end(&trace, at: 100)
  }

  @Test func aChainOfThree() throws {
    let report = try report(11) { waitsOfThree(&$0) }
    #expect(
      texts(report) == [
        "11 running 4", "12 running 5", "13 running 10", "13 blocked 60 (interrupt)",
        "13 runnable 2", "13 running 3", "12 runnable 5", "12 running 5", "11 runnable 2",
        "11 running 3",
      ])
    #expect(report.steps.map(\.depth) == [0, 1, 2, 2, 2, 2, 1, 1, 0, 0])
    let first = try #require(report.causes.first)
    #expect(first.thread.tid == 13 && first.state == .blocked && first.total_ns == 60)
    #expect(first.reason == .unknown && first.thread.pid == 7)
    #expect(report.thread.tid == 11 && report.hasWakeUps && report.partial.isEmpty)
  }

  /// A time cuts the chain at both ends; a wait that goes on has no known waker.
  @Test func aSelectedTime() throws {
    var selection = ReportSelection()
    selection.time = 30...96
    #expect(
      texts(try report(11, selection) { waitsOfThree(&$0) }) == [
        "13 blocked 50 (interrupt)", "13 runnable 2", "13 running 3", "12 runnable 5",
        "12 running 5", "11 runnable 1",
      ])
    selection.time = 30...70
    #expect(
      texts(try report(11, selection) { waitsOfThree(&$0) }) == ["11 blocked 40 (not ended)"])
    selection.pids = [8]
    for tid in [11, 14] as [UInt32] {
      #expect(throws: NothingToReport.noThread(tid: tid)) {
        try self.report(tid, selection) { waitsOfThree(&$0) }
      }
    }
  }

  /// Two threads that wake each other at once, as clocks that differ can make it seem.
  @Test func aCycle() throws {
    let report = try report(11) {
      on(&$0, 11, at: 1)
      on(&$0, 12, at: 1)
      off(&$0, 11, at: 10)
      off(&$0, 12, at: 20)
      wake(&$0, 11, by: 12, at: 50)
      wake(&$0, 12, by: 11, at: 50)
      on(&$0, 11, at: 60)
      on(&$0, 12, at: 60)
      end(&$0, at: 100)
    }
    #expect(
      texts(report) == [
        "11 running 9", "12 running 10", "12 blocked 30 (cycle)", "11 runnable 10",
        "11 running 40",
      ])
  }

  @Test func lostEvents() throws {
    let report = try report(11) {
      on(&$0, 11, at: 1)
      on(&$0, 12, at: 1)
      off(&$0, 11, at: 5)
      off(&$0, 12, at: 10)
      $0.recorder.addLoss(
        LossRecord(
          stream: 0, cpu: 0, cause: .kernelBufferFull, count: 3,
          fromTicks: SampledTrace.start + 20, toTicks: SampledTrace.start + 30))
      on(&$0, 12, at: 50)
      off(&$0, 12, at: 60)
      on(&$0, 11, at: 70)
      off(&$0, 11, at: 80)
      wake(&$0, 11, by: 12, at: 90)
      on(&$0, 11, at: 95)
      end(&$0, at: 100)
    }
    // The wait with the loss is unknown. At 90, the other thread does not run.
    #expect(
      texts(report) == [
        "11 running 4", "11 unknown 65", "11 running 10", "12 blocked 10 (events do not fit)",
        "11 runnable 5", "11 running 5",
      ])
  }

  /// Wakers that are no thread of the trace, that have ended, or that were not recorded.
  @Test func wakersWithoutHistory() throws {
    let report = try report(11) {
      on(&$0, 11, at: 1)
      on(&$0, 12, at: 1)
      $0.add(ThreadStop(name: ""), at: 5, pid: 7, tid: 12)
      off(&$0, 11, at: 10)
      wake(&$0, 11, by: 12, at: 8_000_000)
      on(&$0, 11, at: 8_000_010)
      off(&$0, 11, at: 8_000_020)
      $0.add(
        ReadyThread(threadID: 11, context: .thread), at: 8_000_030, pid: ProcessNumbers.undefined,
        tid: 99)
      on(&$0, 11, at: 8_000_040)
      off(&$0, 11, at: 8_000_050)
      on(&$0, 11, at: 8_000_060)
      off(&$0, 11, at: 8_000_070)
      end(&$0, at: 8_000_080)
    }
    let ends = report.steps.compactMap { $0.end?.rawValue }
    #expect(
      ends == ["events do not fit", "another program", "no wake-up", "no wake-up"], "\(ends)")
  }

  /// A hundred threads that wait for each other; the chain ends somewhere.
  @Test func aLongChain() throws {
    let report = try report(1000) {
      let tids = 1000..<1100 as Range<UInt32>
      for tid in tids { on(&$0, tid, at: 1) }
      for tid in tids { off(&$0, tid, at: UInt64(tid) - 990) }
      for tid in tids.reversed() {
        let time = 5000 - UInt64(tid)
        on(&$0, tid, at: time)
        if tid > 1000 { wake(&$0, tid - 1, by: tid, at: time) }
      }
      end(&$0, at: 5000)
    }
    #expect(report.steps.map(\.depth).max() == ChainReport.hopsMax - 1)
    #expect(report.steps.contains { $0.end == .tooLong })
  }
}
