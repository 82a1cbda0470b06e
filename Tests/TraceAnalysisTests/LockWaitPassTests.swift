import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// Waits that libtracelock.so measured, in the report on locks.
@Suite struct LockWaitPassTests {
  private func process(
    _ body: (inout SampledTrace) throws -> Void
  ) throws -> ContentionReport.Process {
    let report = try TraceAnalysisTests.report(of: ContentionPass(ReportSelection())) {
      try $0.recorder.define(LockSchema.eventTypes)
      $0.process(7, "/bin/shop")
      for (address, name) in [(0x1000, "pay"), (0x2000, "count")] as [(UInt64, String)] {
        $0.add(SymbolLoad(address: address, size: 0x100, name: name), at: 1, pid: 7)
      }
      try body(&$0)
    }
    return try #require(report.processes.first)
  }

  private func wait(
    _ trace: inout SampledTrace, _ kind: LockKind = .mutex, at time: UInt64, took: UInt64,
    lock: UInt64 = 0x500, weight: Double = 1, releaser: UInt32 = 0, tid: UInt32 = 8
  ) {
    trace.add(
      LockWait(
        address: lock, kind: kind, duration: took, weight: weight, releaser: releaser),
      at: time, pid: 7, tid: tid, stack: [0x1010])
  }

  @Test func kindsBelongToTheirSections() throws {
    let process = try process {
      let kinds: [LockKind] = [.mutex, .read, .write, .condition, .semaphore, .futex]
      for (place, kind) in kinds.enumerated() {
        wait(&$0, kind, at: 1000 + UInt64(place), took: 100)
      }
      // A kind of a later version.
      wait(&$0, LockKind(rawValue: 99), at: 2000, took: 7)
    }
    #expect(Set(process.contended.locks.map(\.kind)) == [.mutex, .readWriteLock])
    #expect(process.contended.waits.count == 3 && process.contended.waits.total_ns == 300)
    #expect(Set(process.notified.locks.map(\.kind)) == [.condition, .semaphore, .futex])
    #expect(process.notified.waits.count == 4 && process.notified.waits.total_ns == 307)
  }

  /// A short wait stands for others.
  @Test func weights() throws {
    let process = try process {
      wait(&$0, at: 1000, took: 10, weight: 9.6)
      wait(&$0, at: 2000, took: 200)
      wait(&$0, at: 3000, took: 5, weight: .nan)
    }
    let lock = try #require(process.contended.locks.first)
    #expect(lock.waits.count == 12 && lock.waits.total_ns == 305)
    #expect(lock.waits.p50_ns == 10 && lock.waits.max_ns == 200)
    #expect(lock.places.map(\.count) == [12] && lock.places.map(\.total_ns) == [305])
    #expect(lock.waits.buckets.map(\.count) == [12])
  }

  /// The stack of a thread that let go is that of its event during the wait.
  @Test func owners() throws {
    let process = try process {
      $0.add(
        LockRelease(address: 0x500, kind: .mutex, duration: 90), at: 990, pid: 7, tid: 9,
        stack: [0x2010])
      wait(&$0, at: 1000, took: 100, releaser: 9)
      wait(&$0, at: 5000, took: 100, releaser: 9)
      wait(&$0, at: 6000, took: 100, releaser: 10)
      wait(&$0, at: 7000, took: 100)
    }
    let lock = try #require(process.contended.locks.first)
    #expect(lock.owners.map(\.tid) == [9, 10] && lock.owners.map(\.count) == [2, 1])
    #expect(lock.owners[0].frames.map(\.function) == ["count"])
    #expect(process.contended.longest[0].owner?.frames.map(\.function) == ["count"])
    #expect(process.contended.longest[1].owner?.frames == [])
  }

  @Test func waitsFromBeforeTheTraceAreCounted() throws {
    let process = try process {
      $0.sample(at: 50, pid: 7, stack: [])
      wait(&$0, at: 1000, took: 100_000)
      wait(&$0, at: 2000, took: .max)
      wait(&$0, at: 3000, took: 100)
    }
    #expect(process.stopsWithoutStart == 2 && process.contended.waits.total_ns == 100)
  }
}
