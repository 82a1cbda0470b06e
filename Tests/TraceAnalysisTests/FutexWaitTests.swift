import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// Waits of native code at futexes, from context switches and wake-ups.
@Suite struct FutexWaitTests {
  private static let functions: [(UInt64, String)] = [
    (0x1000, "futex_wait"), (0x2000, "__lll_lock_wait"), (0x3000, "pthread_cond_wait"),
    (0x4000, "take"), (0x5000, "serve"), (0x6000, "release"), (0x7000, "nanosleep"),
  ]

  private func process(
    _ body: (inout SampledTrace) throws -> Void
  ) throws -> ContentionReport.Process {
    let report = try report(of: ContentionPass()) { trace in
      trace.process(7, "/bin/shop")
      for (address, name) in Self.functions {
        trace.add(SymbolLoad(address: address, size: 0x100, name: name), at: 0, pid: 7)
      }
      try body(&trace)
    }
    #expect(report.hasSwitches)
    return try #require(report.processes.first)
  }

  /// A thread stops at `time`, is woken `blocked` later by the thread 20, and runs 5 later.
  private func wait(
    _ trace: inout SampledTrace, _ tid: UInt32, at time: UInt64, _ blocked: UInt64,
    _ stack: [UInt64], context: WakeContext = .thread
  ) {
    trace.add(ContextSwitch(direction: .on), at: time - 10, pid: 7, tid: tid)
    trace.add(
      ContextSwitch(direction: .off, state: .sleeping), at: time, pid: 7, tid: tid, stack: stack)
    trace.add(
      ReadyThread(threadID: tid, context: context), at: time + blocked, pid: 7, tid: 20,
      stack: [0x6010])
    trace.add(ContextSwitch(direction: .on), at: time + blocked + 5, pid: 7, tid: tid)
  }

  @Test func locksByPlace() throws {
    let process = try process {
      $0.add(ThreadStart(name: "holder"), at: 1, pid: 7, tid: 20)
      wait(&$0, 8, at: 100, 50, [0x2010, 0x4010])
      wait(&$0, 9, at: 1000, 70, [0x2010, 0x4010])
      wait(&$0, 8, at: 2000, 10, [0x2010, 0x5010])
      wait(&$0, 8, at: 3000, 500, [0x3010, 0x5010])
      wait(&$0, 8, at: 4000, 900, [0x7010, 0x5010])
      wait(&$0, 8, at: 5000, 40, [0x1010, 0x5010], context: .interrupt)
    }
    let locks = process.contended.locks
    #expect(locks.map(\.kind) == [.lock, .lock])
    #expect(locks.map(\.waits.total_ns) == [120, 10] && locks.map(\.threads) == [2, 1])
    #expect(locks[0].places.map { $0.frames.map(\.function) } == [["__lll_lock_wait", "take"]])
    #expect(locks[0].owners.map(\.name) == ["holder"] && locks[0].owners[0].count == 2)
    #expect(locks[0].owners[0].frames.map(\.function) == ["release"])
    #expect(process.contended.longest.map(\.start_ns) == [1000, 100, 2000])
    // A sleep is no wait for a lock, and a timer ends a wait but holds none.
    #expect(process.notified.locks.map(\.kind) == [.condition, .futex])
    #expect(process.notified.locks.map(\.waits.total_ns) == [500, 40])
    #expect(process.notified.locks[1].owners.isEmpty)
  }

  @Test func waitsWithoutAnEnd() throws {
    let process = try process {
      wait(&$0, 8, at: 100, 50, [0x2010, 0x4010])
      for (tid, stack) in [(8, 0x2010), (9, 0x7010)] as [(UInt32, UInt64)] {
        $0.add(ContextSwitch(direction: .on), at: 200, pid: 7, tid: tid)
        $0.add(
          ContextSwitch(direction: .off, state: .sleeping), at: 300 + UInt64(tid), pid: 7,
          tid: tid, stack: [stack, 0x4010])
      }
      $0.add(ProcessStart(parentPID: 1, name: "x"), at: 900_000_000, pid: 9)
    }
    #expect(process.contended.waits.total_ns == 50)
    #expect(process.open.map(\.start_ns) == [308] && process.openCount == 1)
    #expect(process.open[0].kind == .lock && process.open[0].cause == .traceEnded)
  }

  /// The end of a wait that may be that of another one is missing.
  @Test func losses() throws {
    let process = try process {
      $0.add(ContextSwitch(direction: .on), at: 100, pid: 7, tid: 8)
      $0.add(
        ContextSwitch(direction: .off, state: .sleeping), at: 200, pid: 7, tid: 8,
        stack: [0x2010, 0x4010])
      $0.recorder.addLoss(
        LossRecord(
          stream: 0, cpu: 0, cause: .kernelBufferFull, count: 1,
          fromTicks: SampledTrace.start + 300, toTicks: SampledTrace.start + 400))
      $0.add(ContextSwitch(direction: .on), at: 1_000_000_000, pid: 7, tid: 8)
    }
    #expect(process.contended.waits.count == 0)
    #expect(process.open.map(\.cause) == [.eventsMissing])
  }
}
