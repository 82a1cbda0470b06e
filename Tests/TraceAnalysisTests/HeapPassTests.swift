import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// What was in use, allocated and growing.
@Suite struct HeapPassTests {
  private func process(
    _ selection: ReportSelection = ReportSelection(), listLimit: Int? = nil,
    ranksGrowth: Bool = false, _ body: (inout SampledTrace) throws -> Void
  ) throws -> HeapReport.Process {
    let pass = HeapPass(selection, listLimit: listLimit, ranksGrowth: ranksGrowth)
    return try #require(
      try report(of: pass) {
        try $0.recorder.define(HeapSchema.eventTypes)
        try body(&$0)
      }.processes.first)
  }

  private func alloc(
    _ sample: UInt64, _ size: UInt64, weight: Double = 1, address: UInt64? = nil, type: String = ""
  ) -> HeapAlloc {
    HeapAlloc(
      address: address ?? sample << 8, size: size, weight: weight, sample: sample, type: type)
  }

  private func free(_ sample: UInt64, address: UInt64? = nil) -> HeapFree {
    HeapFree(address: address ?? sample << 8, sample: sample)
  }

  private func numbers(_ amount: HeapReport.Amount) -> [Double] {
    [Double(amount.samples), amount.bytes, amount.objects]
  }

  private func during(_ time: ClosedRange<Int64>) -> ReportSelection {
    var selection = ReportSelection()
    selection.time = time
    return selection
  }

  @Test func inUseAndAllocated() throws {
    let process = try process {
      $0.process(7, "/bin/shop")
      $0.add(HeapSampling(interval: 4096, samples: 0, dropped: 3, unreported: 2), at: 0, pid: 7)
      $0.add(alloc(1, 100, weight: 2.5, type: "A"), at: 1, pid: 7)
      $0.add(alloc(2, 50, type: "B"), at: 2, pid: 7)
      $0.add(free(1), at: 3, pid: 7)
      $0.add(alloc(3, 10, weight: 4, type: "A"), at: 4, pid: 7)
    }
    #expect(process.interval_bytes == 4096 && process.dropped == 3)
    #expect(process.unreported == 2)
    #expect(numbers(process.totals.inUse) == [2, 90, 5])
    #expect(numbers(process.totals.allocated) == [3, 340, 7.5])
    #expect(numbers(process.totals.freed) == [1, 250, 2.5])
    #expect(process.types.map(\.type) == ["B", "A"])
  }

  @Test func atATimeAndBetweenTimes() throws {
    func body(_ trace: inout SampledTrace) {
      trace.add(alloc(1, 100), at: 10, pid: 7)
      trace.add(alloc(2, 200), at: 20, pid: 7)
      trace.add(free(1), at: 30, pid: 7)
      trace.add(alloc(3, 400), at: 40, pid: 7)
    }
    #expect(try process(during(.min...25)) { body(&$0) }.totals.inUse.bytes == 300)
    let later = try process(during(25...100)) { body(&$0) }
    #expect(later.totals.before.bytes == 300 && later.totals.inUse.bytes == 600)
    #expect(later.totals.growth_bytes == 300 && later.totals.allocated.bytes == 400)
    // What was freed had been allocated before.
    #expect(later.totals.freed.bytes == 0)
  }

  /// What a session finds in use was not allocated in it; the rundown may repeat an allocation, and
  /// may be later than the end of what it tells of.
  @Test func rundown() throws {
    let process = try process {
      $0.add(alloc(1, 100), at: 1, pid: 7, isRundown: true)
      $0.add(alloc(2, 10), at: 2, pid: 7)
      $0.add(alloc(2, 10), at: 3, pid: 7, isRundown: true)
      $0.add(alloc(3, 1), at: 4, pid: 7, isRundown: true)
      $0.add(alloc(3, 1), at: 5, pid: 7)
      $0.add(free(4), at: 6, pid: 7)
      $0.add(alloc(4, 1000), at: 7, pid: 7, isRundown: true)
      $0.add(free(4), at: 8, pid: 7, isRundown: true)
      $0.add(alloc(6, 5, address: 0x77), at: 9, pid: 7)
      $0.add(alloc(5, 5000, address: 0x77), at: 10, pid: 7, isRundown: true)
    }
    #expect(process.totals.inUse.bytes == 116 && process.totals.allocated.bytes == 16)
    #expect(process.totals.before.bytes == 100)
  }

  /// An address that is allocated again was freed, although the event was lost.
  @Test func lostEnds() throws {
    let process = try process {
      $0.add(alloc(1, 100, address: 0x10), at: 1, pid: 7)
      $0.add(alloc(2, 30, address: 0x10), at: 2, pid: 7)
      $0.add(free(1, address: 0x10), at: 3, pid: 7)
      $0.add(free(9), at: 4, pid: 7)
    }
    #expect(process.totals.inUse.bytes == 30 && process.totals.freed.bytes == 100)
  }

  /// Steady growth that is never freed comes before what grew in one step and before what is freed.
  @Test func likelyLeaks() throws {
    let ms: UInt64 = 1_000_000
    let process = try process(ranksGrowth: true) {
      var sample: UInt64 = 0
      for number in 0..<100 as Range<UInt64> {
        sample += 10
        let at = number * ms
        $0.add(alloc(sample, 100, type: "leak"), at: at, pid: 7)
        $0.add(alloc(sample + 1, 1000, type: "temporary"), at: at, pid: 7)
        if number == 0 { $0.add(alloc(sample + 2, 50_000, type: "cache"), at: at, pid: 7) }
        if number < 99 { $0.add(free(sample + 1), at: at + ms / 2, pid: 7) }
      }
    }
    #expect(process.places.first?.type == "leak")
    func place(_ type: String) throws -> HeapReport.Place {
      try #require(process.places.first { $0.type == type })
    }
    let (leak, temporary, cache) = try (place("leak"), place("temporary"), place("cache"))
    #expect(leak.steadiness > 0.9 && leak.likelihood > 0.9 && leak.oldest_ns == 99 * ms)
    #expect(leak.meanLifetime_ns == nil && temporary.meanLifetime_ns == ms / 2)
    #expect(temporary.likelihood < 0.02 && cache.steadiness < 0.1 && cache.likelihood < 0.05)
  }

  @Test func placesByNames() throws {
    let process = try process(listLimit: 1) {
      $0.add(SymbolLoad(address: 0x1000, size: 0x100, name: "inner"), at: 1, pid: 7)
      $0.add(SymbolLoad(address: 0x2000, size: 0x100, name: "outer"), at: 1, pid: 7)
      $0.add(alloc(1, 10), at: 10, pid: 7, stack: [0x1010, 0x2010])
      $0.add(alloc(2, 10), at: 20, pid: 7, stack: [0x1020, 0x2010])
      $0.add(alloc(3, 15), at: 30, pid: 7, stack: [0x2010])
    }
    #expect(process.places.count == 1 && process.placeCount == 2)
    #expect(process.places[0].frames.map(\.function) == ["inner", "outer"])
    #expect(process.places[0].usage.inUse.bytes == 20)
  }

  /// Values that a hostile program writes.
  @Test func absurdValues() throws {
    let process = try process {
      $0.add(alloc(1, .max, weight: .infinity), at: 1, pid: 7)
      $0.add(alloc(2, .max, weight: .nan), at: 2, pid: 7)
      $0.add(alloc(3, .max, weight: -1), at: 3, pid: 7)
      $0.add(alloc(.max, .max, weight: 1e300, address: .max), at: 4, pid: 7)
    }
    #expect(process.totals.inUse.objects == 4 && process.totals.inUse.bytes.isFinite)
    let none = NothingToReport.noEvents(what: "heap events", keyword: "Heap")
    #expect(throws: none) { _ = try self.process { $0.sample(at: 1, pid: 7, stack: []) } }
  }
}
