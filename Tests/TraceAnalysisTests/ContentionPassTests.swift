import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// Waits for locks, whole and incomplete: nothing is paired with the event of another wait.
@Suite struct ContentionPassTests {
  private func report(
    _ selection: ReportSelection = ReportSelection(), _ body: (inout SampledTrace) throws -> Void
  ) throws -> ContentionReport {
    try TraceAnalysisTests.report(of: ContentionPass(selection)) {
      $0.process(7, "/bin/shop")
      try body(&$0)
    }
  }

  private func process(
    _ selection: ReportSelection = ReportSelection(), _ body: (inout SampledTrace) throws -> Void
  ) throws -> ContentionReport.Process {
    try #require(try report(selection, body).processes.first)
  }

  private func enter(
    _ trace: inout SampledTrace, _ tid: UInt32, at time: UInt64, _ lock: UInt64 = 1,
    stack: [UInt64] = []
  ) {
    trace.add(
      ContentionStart(lockID: lock, lockType: "Till"), at: time, pid: 7, tid: tid, stack: stack)
  }

  private func entered(
    _ trace: inout SampledTrace, _ tid: UInt32, at time: UInt64, _ lock: UInt64 = 1,
    duration: UInt64 = 0
  ) {
    trace.add(
      ContentionStop(duration: duration, lockID: lock, lockType: "Till"), at: time, pid: 7,
      tid: tid)
  }

  private func lose(
    _ trace: inout SampledTrace, _ from: UInt64, _ until: UInt64, process: UInt32? = 7
  ) {
    trace.recorder.addLoss(
      LossRecord(
        stream: 0, cpu: 0, cause: .bufferFull, count: 1, fromTicks: SampledTrace.start + from,
        toTicks: SampledTrace.start + until, processIndex: process))
  }

  private func wait(
    _ process: ContentionReport.Process
  ) -> [[Int64]] {
    process.contended.longest.map { [$0.start_ns, Int64($0.wait_ns), Int64($0.tid)] }
  }

  @Test func locksByTotalWait() throws {
    let process = try process {
      enter(&$0, 8, at: 100, 1)
      enter(&$0, 9, at: 120, 1)
      entered(&$0, 8, at: 150, 1)
      entered(&$0, 9, at: 300, 1, duration: 185)
      enter(&$0, 8, at: 400, 2)
      entered(&$0, 8, at: 460, 2, duration: 60)
    }
    #expect(process.name == "shop")
    #expect(process.contended.locks.map(\.id) == [1, 2])
    let lock = process.contended.locks[0]
    #expect(lock.kind == .monitor && lock.type == "Till" && lock.threads == 2)
    // The runtime's own length counts where it states one.
    #expect(lock.waits.count == 2 && lock.waits.total_ns == 235 && lock.waits.max_ns == 185)
    #expect(lock.waits.p50_ns == 50 && process.contended.waits.total_ns == 295)
    #expect(wait(process) == [[115, 185, 9], [400, 60, 8], [100, 50, 8]])
    #expect(process.open.isEmpty && process.stopsWithoutStart == 0)
  }

  @Test func ownersAndPlaces() throws {
    let process = try process {
      for (address, name) in [(0x1000, "pay"), (0x2000, "count"), (0x3000, "audit")]
        as [(
          UInt64, String
        )]
      {
        $0.add(SymbolLoad(address: address, size: 0x100, name: name), at: 1, pid: 7)
      }
      for time in [100, 200] as [UInt64] {
        enter(&$0, 8, at: time, stack: [0x1010])
        $0.add(
          ContentionOwner(lockID: 1, ownerThreadID: 9, ownerThreadName: "till-1"), at: time + 1,
          pid: 7, tid: 8, stack: [0x2010, 0x3010])
        entered(&$0, 8, at: time + 50)
      }
      enter(&$0, 10, at: 300, stack: [0x2010])
      // Of another lock, and of a thread that does not wait.
      $0.add(ContentionOwner(lockID: 5, ownerThreadID: 70), at: 301, pid: 7, tid: 10)
      $0.add(ContentionOwner(lockID: 1, ownerThreadID: 71), at: 302, pid: 7, tid: 11)
      entered(&$0, 10, at: 310)
    }
    let lock = try #require(process.contended.locks.first)
    #expect(lock.places.map { $0.frames.map(\.function) } == [["pay"], ["count"]])
    #expect(lock.places.map(\.count) == [2, 1] && lock.places.map(\.total_ns) == [100, 10])
    #expect(lock.owners.map(\.tid) == [9] && lock.owners.map(\.count) == [2])
    #expect(lock.owners[0].name == "till-1")
    #expect(lock.owners[0].frames.map(\.function) == ["count", "audit"])
    let longest = process.contended.longest
    #expect(longest[0].owner?.tid == 9 && longest[0].frames.map(\.function) == ["pay"])
    #expect(longest[2].owner == nil)
  }

  @Test func notificationsAreApart() throws {
    let process = try process {
      $0.add(MonitorWaitStart(lockID: 1, lockType: "Till"), at: 100, pid: 7, tid: 8)
      $0.add(
        MonitorWaitStop(lockID: 1, lockType: "Till", duration: 0), at: 900, pid: 7, tid: 8)
      enter(&$0, 8, at: 901)
      entered(&$0, 8, at: 911)
    }
    #expect(process.contended.waits.total_ns == 10)
    #expect(process.notified.locks.map(\.kind) == [.monitorWait])
    #expect(process.notified.waits.total_ns == 800)
  }

  /// A loss between the events of a pair hides an end and a beginning.
  @Test func pairsBrokenByLosses() throws {
    let process = try process {
      enter(&$0, 8, at: 100)
      enter(&$0, 9, at: 110)
      lose(&$0, 200, 300)
      // Not known whether it is the same wait.
      entered(&$0, 8, at: 5_000_000)
      // The runtime states the length of this one; the beginning at 110 is not its own.
      entered(&$0, 9, at: 5_000_000, duration: 1_000_000)
      // This one is the wait that began at 100 ms.
      enter(&$0, 8, at: 100_000_000, 2)
      lose(&$0, 150_000_000, 151_000_000)
      entered(&$0, 8, at: 200_000_000, 2, duration: 99_999_000)
      // Losses of another process have no effect.
      $0.process(70, "/bin/other")
      enter(&$0, 8, at: 300_000_000, 3)
      lose(&$0, 300_000_001, 300_000_002, process: 70)
      entered(&$0, 8, at: 300_000_010, 3)
    }
    #expect(
      wait(process) == [
        [100_001_000, 99_999_000, 8], [4_000_000, 1_000_000, 9], [300_000_000, 10, 8],
      ])
    #expect(process.stopsWithoutStart == 1)
    #expect(process.open.map(\.start_ns) == [100, 110] && process.openCount == 2)
    #expect(process.open.allSatisfy { $0.cause == .eventsMissing })
  }

  @Test func endsWithoutABeginning() throws {
    let process = try process {
      $0.sample(at: 50, pid: 7, stack: [])
      entered(&$0, 8, at: 100)
      // It began before the trace.
      entered(&$0, 8, at: 200, duration: 100_000_000)
      // Of another lock: neither is the other's.
      enter(&$0, 9, at: 300, 1)
      entered(&$0, 9, at: 400, 2)
      // Longer than the time since the thread's last wait ended.
      entered(&$0, 10, at: 20_000_000, duration: 1000)
      entered(&$0, 10, at: 30_000_000, duration: 15_000_000)
      entered(&$0, 10, at: 40_000_000, duration: .max)
    }
    #expect(wait(process) == [[19_999_000, 1000, 10]])
    #expect(process.stopsWithoutStart == 5)
    #expect(process.open.map(\.start_ns) == [300])
  }

  /// The wait of a thread that ended is no wait of the next thread with its id.
  @Test func threadsThatEndAndIdsUsedAgain() throws {
    let process = try process {
      enter(&$0, 8, at: 100)
      $0.add(ThreadStop(name: ""), at: 200, pid: 7, tid: 8)
      entered(&$0, 8, at: 300)
      // The end of the thread before is missing.
      enter(&$0, 9, at: 400)
      $0.add(ThreadStart(name: "new"), at: 500, pid: 7, tid: 9)
      enter(&$0, 9, at: 600)
      entered(&$0, 9, at: 650)
      // Nor may a thread wait twice at a time.
      enter(&$0, 10, at: 700)
      enter(&$0, 10, at: 800)
      entered(&$0, 10, at: 830)
      enter(&$0, 11, at: 900)
    }
    #expect(wait(process) == [[600, 50, 9], [800, 30, 10]])
    #expect(process.contended.longest[0].thread == "new")
    #expect(process.open.map(\.start_ns) == [100, 400, 700, 900])
    #expect(
      process.open.map(\.cause) == [.threadEnded, .eventsMissing, .eventsMissing, .traceEnded])
    #expect(process.stopsWithoutStart == 1)
  }

  @Test func theSelectedTime() throws {
    var selection = ReportSelection()
    selection.time = 150...450
    let process = try process(selection) {
      enter(&$0, 8, at: 100)
      entered(&$0, 8, at: 200)
      enter(&$0, 8, at: 300)
      entered(&$0, 8, at: 900)
      enter(&$0, 8, at: 950)
    }
    #expect(wait(process) == [[300, 600, 8]] && process.open.isEmpty)
    let none = NothingToReport.noneSelected(what: "waits for locks")
    selection.time = 0...50
    #expect(throws: none) {
      _ = try self.process(selection) {
        enter(&$0, 8, at: 100)
        entered(&$0, 8, at: 200)
      }
    }
  }

  /// Values that a hostile program writes.
  @Test func absurdValues() throws {
    let report = try report {
      for number in 0..<20_100 as Range<UInt64> {
        enter(&$0, 8, at: 10 * number, number)
        entered(&$0, 8, at: 10 * number + 5, number, duration: number % 7 == 0 ? .max : 0)
      }
    }
    let process = try #require(report.processes.first)
    #expect(process.contended.locks.count <= 20_000)
    #expect(process.contended.waits.max_ns == 5)
    #expect(process.stopsWithoutStart == 2872)
  }
}
