import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// The heap before a collection as the runtime states it, and what threads did before a pause.
@Suite struct GCHeapBeforeTests {
  private func process(
    _ pass: GCPass = GCPass(), _ body: (inout SampledTrace) throws -> Void
  ) throws -> GCReport.Process {
    try #require(try report(of: pass, body).processes.first)
  }

  private func collect(
    _ number: UInt32, at time: UInt64, length: UInt64 = 20, before: UInt64?, after: UInt64,
    in trace: inout SampledTrace
  ) {
    trace.add(GCStart(count: number, depth: 0, reason: .empty), at: time, pid: 7)
    if let before { trace.add(GCHeapBefore(count: number, size: before), at: time, pid: 7) }
    trace.add(GCEnd(count: number, depth: 0), at: time + length, pid: 7)
    trace.add(GCHeapStats(generationSize0: after), at: time + length + 1, pid: 7)
  }

  @Test func whatTheRuntimeStates() throws {
    let process = try process {
      collect(1, at: 100, before: 4000, after: 1000, in: &$0)
      collect(2, at: 200, before: nil, after: 500, in: &$0)
      // Of a collection that is not running.
      $0.add(GCHeapBefore(count: 1, size: .max), at: 250, pid: 7)
      collect(3, at: 300, before: .max, after: 500, in: &$0)
    }
    #expect(process.collections.map(\.heapBefore_bytes) == [4000, nil, .max])
    #expect(process.collections[0].survival_percent == 25)
    #expect(process.peakHeap_bytes == .max && process.allocated_bytes == nil)
  }

  @Test func threadsBeforeTheLongestPauses() throws {
    func body(_ trace: inout SampledTrace) {
      let pause: UInt64 = 50_000_000
      trace.process(7, "/bin/shop")
      trace.add(ThreadStart(name: "worker"), at: 1, pid: 7, tid: 8)
      trace.add(SymbolLoad(address: 0x1000, size: 0x100, name: "work"), at: 2, pid: 7)
      trace.sample(at: pause - 10_000_001, pid: 7, tid: 8, stack: [0x1010])
      trace.sample(at: pause - 10_000_000, pid: 7, tid: 8, stack: [0x1010])
      trace.sample(at: pause - 5_000_000, pid: 7, tid: 8, stack: [0x1020])
      trace.sample(at: pause - 5_000_000, pid: 9, tid: 80, stack: [0x1020])
      for number in 0..<10 as Range<UInt32> {
        let switched = ContextSwitch(direction: number % 2 == 0 ? .on : .off)
        trace.add(switched, at: pause - 1000 + UInt64(number), pid: 7, tid: 20 + number % 7)
      }
      collect(1, at: pause, length: 1000, before: nil, after: 1, in: &trace)
      collect(2, at: pause + 100_000_000, before: nil, after: 1, in: &trace)
    }
    let process = try process(GCPass(withThreads: true)) { body(&$0) }
    let before = try #require(process.longestPauses.first?.before)
    #expect(before.count == 5 && before.map(\.tid) == [8, 20, 21, 22, 23])
    #expect(before[0].name == "worker" && before[0].cpu_ns == 2_000_000)
    #expect(before[0].events.map(\.event) == ["System.SampledProfile"])
    #expect(before[0].events.map(\.count) == [2] && before[0].last_ns == 45_000_000)
    #expect(before[0].frames.map(\.function) == ["work"])
    #expect(before[1].events.map(\.count) == [2] && before[1].cpu_ns == 0)
    #expect(process.longestPauses[1].before == [])
    #expect(try self.process { body(&$0) }.longestPauses[0].before == nil)
  }
}
