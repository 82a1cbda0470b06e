import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// Switches and wake-ups, whole and incomplete: times add up, and nothing is guessed.
@Suite struct ThreadsPassTests {
  private let directory = TemporaryDirectory()

  private func report(
    _ selection: ReportSelection = ReportSelection(), _ body: (inout SampledTrace) throws -> Void
  ) throws -> ThreadReport {
    let path = directory.path + "/trace.etl"
    var trace = try SampledTrace(path: path)
    trace.process(7, "/bin/shop")
    try body(&trace)
    try trace.finish()
    let report = try ThreadsPass(selection).report(from: Replay(TraceFile(path: path)))
    for thread in report.processes.flatMap(\.threads) where selection.time == nil {
      #expect(thread.times.life_ns == UInt64(thread.to_ns - thread.from_ns), "\(thread)")
    }
    return report
  }

  private func process(_ body: (inout SampledTrace) throws -> Void) throws -> ThreadReport.Process {
    try #require(try report(ReportSelection(), body).processes.first)
  }

  private func on(_ trace: inout SampledTrace, _ tid: UInt32, at time: UInt64) {
    trace.add(ContextSwitch(direction: .on), at: time, pid: 7, tid: tid)
  }

  private func off(
    _ trace: inout SampledTrace, _ tid: UInt32, at time: UInt64,
    _ direction: SwitchDirection = .off, stack: [UInt64] = []
  ) {
    trace.add(
      ContextSwitch(direction: direction, state: .sleeping), at: time, pid: 7, tid: tid,
      stack: stack)
  }

  private func wake(_ trace: inout SampledTrace, _ tid: UInt32, by waker: UInt32, at time: UInt64) {
    trace.add(
      ReadyThread(threadID: tid, context: .thread), at: time, pid: 7, tid: waker, stack: [0x50])
  }

  private func end(_ trace: inout SampledTrace, at time: UInt64) {
    trace.add(ProcessStart(parentPID: 1, name: "x"), at: time, pid: 9)
  }

  private func times(
    _ running: UInt64, _ runnable: UInt64, _ blocked: UInt64, _ unknown: UInt64
  ) -> [UInt64] {
    [running, runnable, blocked, unknown]
  }

  private func parts(_ process: ThreadReport.Process, _ tid: UInt32) throws -> [UInt64] {
    let times = try #require(process.threads.first { $0.tid == tid }).times
    return [times.running_ns, times.runnable_ns, times.blocked_ns, times.unknown_ns]
  }

  /// Born at 100, runs from 110 to 200, waits until 300, runs from 320, loses the CPU from 400 to
  /// 450, and ends at 500.
  private func life(_ trace: inout SampledTrace, _ tid: UInt32 = 8) {
    trace.add(ThreadStart(name: "worker"), at: 100, pid: 7, tid: tid)
    on(&trace, tid, at: 110)
    off(&trace, tid, at: 200, stack: [0x10, 0x20])
    wake(&trace, tid, by: 70, at: 300)
    on(&trace, tid, at: 320)
    off(&trace, tid, at: 400, .preempted)
    on(&trace, tid, at: 450)
    trace.add(ThreadStop(name: ""), at: 500, pid: 7, tid: tid)
  }

  @Test func aWholeLife() throws {
    let process = try process {
      life(&$0)
      // A thread that has ended still leaves its CPU.
      off(&$0, 8, at: 510)
      end(&$0, at: 1000)
    }
    #expect(process.name == "shop" && process.threads.map(\.name) == ["worker"])
    #expect(try parts(process, 8) == times(220, 80, 100, 0))
    let thread = process.threads[0]
    #expect(thread.from_ns == 100 && thread.to_ns == 500)
    #expect(thread.times.preempted_ns == 50 && thread.times.preemptions == 1)
    #expect(thread.times.waits == 1 && process.open.isEmpty && process.openCount == 0)
    let wait = try #require(process.waits.first)
    #expect(wait.total_ns == 100 && wait.max_ns == 100 && wait.frames.count == 2)
    #expect(wait.reason == .unknown && wait.threads == 1)
    #expect(wait.wakers.map(\.tid) == [70] && wait.wakers.map(\.total_ns) == [100])
    #expect(wait.wakers[0].frames.count == 1 && wait.wakers[0].context == "thread")
    #expect(process.longest.map(\.wait_ns) == [100] && process.longest[0].start_ns == 200)
  }

  @Test func withoutWakeUpsAllIsWaiting() throws {
    let report = try report {
      $0.add(ThreadStart(name: ""), at: 100, pid: 7, tid: 8)
      on(&$0, 8, at: 110)
      off(&$0, 8, at: 200)
      on(&$0, 8, at: 320)
      end(&$0, at: 400)
    }
    #expect(!report.hasWakeUps && !report.hasStacks)
    #expect(try parts(report.processes[0], 8) == times(170, 10, 120, 0))
  }

  /// A session that starts in a wait does not know since when and why.
  @Test func startedInAWait() throws {
    let process = try process {
      $0.add(ThreadStart(name: "old"), at: 50, pid: 7, tid: 8, isRundown: true)
      $0.add(ThreadStart(name: "idle"), at: 50, pid: 7, tid: 9, isRundown: true)
      wake(&$0, 8, by: 70, at: 100)
      on(&$0, 8, at: 130)
      on(&$0, 10, at: 140)
      off(&$0, 10, at: 150)
      off(&$0, 8, at: 200)
      end(&$0, at: 300)
    }
    #expect(try parts(process, 8) == times(70, 30, 100, 50))
    #expect(try parts(process, 9) == times(0, 0, 0, 250))
    #expect(process.open.map(\.tid) == [10, 8])
    #expect(process.open.allSatisfy { $0.cause == .traceEnded })
  }

  @Test func lostEventsInAWait() throws {
    let process = try process {
      life(&$0)
      on(&$0, 9, at: 600)
      off(&$0, 9, at: 700)
      $0.recorder.addLoss(
        LossRecord(
          stream: 0, cpu: 0, cause: .kernelBufferFull, count: 3,
          fromTicks: SampledTrace.start + 800, toTicks: SampledTrace.start + 900))
      // In the middle of the loss, the report does not know of it yet.
      on(&$0, 9, at: 850)
      off(&$0, 9, at: 950)
      on(&$0, 9, at: 1000)
      end(&$0, at: 1100)
    }
    #expect(try parts(process, 8) == times(220, 80, 100, 0))
    #expect(try parts(process, 9) == times(200, 0, 50, 250))
    #expect(process.open.map(\.start_ns) == [700] && process.openCount == 1)
    #expect(process.open[0].cause == .eventsMissing)
  }

  /// Without a loss, switches that do not fit together have no duration either.
  @Test func switchesThatDoNotFit() throws {
    let process = try process {
      on(&$0, 8, at: 100)
      on(&$0, 8, at: 200)
      off(&$0, 8, at: 300)
      off(&$0, 8, at: 400)
      on(&$0, 8, at: 500)
      off(&$0, 8, at: 600, .preempted)
      off(&$0, 8, at: 700, .preempted)
      on(&$0, 8, at: 750)
      end(&$0, at: 800)
    }
    #expect(try parts(process, 8) == times(100 + 100 + 50, 50, 100, 100 + 100 + 100 + 0 + 50 * 0))
    #expect(process.open.map(\.start_ns) == [300])
  }

  @Test func aProcessThatDiesInAWait() throws {
    let process = try process {
      on(&$0, 8, at: 100)
      off(&$0, 8, at: 200)
      $0.writer.processEnded(index: 7, atTicks: SampledTrace.start + 500)
      end(&$0, at: 900)
    }
    #expect(try parts(process, 8) == times(100, 0, 300, 0))
    #expect(process.open.map(\.cause) == [.processEnded])
  }

  /// The clocks of two CPUs differ: the thread seems to run before it stopped.
  @Test func migrationWithSkewedClocks() throws {
    let process = try process {
      on(&$0, 8, at: 100)
      $0.stream = 1
      on(&$0, 8, at: 190)
      $0.stream = 0
      off(&$0, 8, at: 200)
      $0.stream = 1
      off(&$0, 8, at: 300)
      on(&$0, 8, at: 400)
      end(&$0, at: 500)
    }
    let sums = try parts(process, 8)
    #expect(sums.reduce(0, +) == 400 && sums.allSatisfy { $0 <= 400 })
  }

  /// The waker may be faster than the CPU that the thread is leaving; a wake-up of a thread that
  /// does not leave means nothing.
  @Test func earlyWakeUps() throws {
    let process = try process {
      on(&$0, 8, at: 1_000)
      wake(&$0, 8, by: 70, at: 1_990)
      off(&$0, 8, at: 2_000)
      on(&$0, 8, at: 2_300)
      wake(&$0, 8, by: 70, at: 2_900)
      off(&$0, 8, at: 3_000)
      wake(&$0, 8, by: 71, at: 3_400)
      on(&$0, 8, at: 3_500)
      wake(&$0, 8, by: 70, at: 3_600)
      off(&$0, 8, at: 9_000_000)
      on(&$0, 8, at: 9_000_100)
      end(&$0, at: 9_000_100)
    }
    #expect(try parts(process, 8) == times(1_000 + 700 + 8_996_500, 300 + 100, 400 + 100, 0))
    #expect(process.waits.flatMap(\.wakers).map(\.tid).sorted() == [70, 71])
  }

  @Test func aSelectionCutsTimes() throws {
    var selection = ReportSelection()
    selection.time = 150...310
    let report = try report(selection) {
      life(&$0)
      end(&$0, at: 1000)
    }
    let process = try #require(report.processes.first)
    #expect(try parts(process, 8) == times(50, 10, 100, 0))
    selection.time = nil
    selection.pids = [12]
    #expect(throws: NothingToReport.self) { try self.report(selection) { life(&$0) } }
    #expect(throws: NothingToReport.self) {
      try self.report { $0.add(ThreadStart(name: ""), at: 1, pid: 7) }
    }
  }

  /// An id that is used again denotes another thread.
  @Test func reusedIDs() throws {
    let process = try process {
      life(&$0)
      $0.add(ThreadStart(name: "next"), at: 600, pid: 7, tid: 8)
      on(&$0, 8, at: 610)
      end(&$0, at: 700)
    }
    #expect(process.threads.map(\.name) == ["worker", "next"])
    #expect(process.threads.map(\.times.running_ns) == [220, 90])
  }
}
