import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// Allocations by type and by stack.
@Suite struct AllocationPassTests {
  private func process(
    _ selection: ReportSelection = ReportSelection(), listLimit: Int? = nil,
    _ body: (inout SampledTrace) throws -> Void
  ) throws -> AllocationReport.Process {
    let pass = AllocationPass(selection, listLimit: listLimit)
    return try #require(try report(of: pass, body).processes.first)
  }

  private func tick(_ type: String, _ bytes: UInt64, size: UInt64 = 0) -> GCAllocationTick {
    GCAllocationTick(
      allocationAmount: bytes, allocationKind: .small, typeID: 0, typeName: type,
      objectSize: size)
  }

  @Test func typesAndRates() throws {
    let process = try process {
      $0.process(7, "/bin/shop")
      $0.add(tick("A", 1000, size: 300), at: 0, pid: 7)
      $0.add(tick("B", 5000), at: 10, pid: 7)
      $0.add(tick("A", 1000, size: 4000), at: 1_000_000_000, pid: 7)
      $0.add(tick("C", 9_000_000), at: 1_000_000_000, pid: 8)
    }
    #expect(process.name == "shop" && process.total.samples == 3 && process.total.bytes == 7000)
    #expect(process.perSecond(process.total.bytes) == 7000)
    #expect(process.types.map(\.type) == ["B", "A"])
    #expect(process.types.map(\.amount.bytes) == [5000, 2000])
    // An object larger than what its event stands for is one object.
    #expect(process.types.map(\.amount.objects) == [0, 4])
    #expect(process.stacks.isEmpty && process.withoutStack == process.total)
  }

  @Test func stacks() throws {
    func body(_ trace: inout SampledTrace) {
      trace.add(SymbolLoad(address: 0x1000, size: 0x100, name: "inner"), at: 1, pid: 7)
      trace.add(SymbolLoad(address: 0x2000, size: 0x100, name: "outer"), at: 1, pid: 7)
      trace.add(tick("A", 10), at: 10, pid: 7, stack: [0x1010, 0x2010])
      trace.add(tick("B", 10), at: 20, pid: 7, stack: [0x1020, 0x2010])
      trace.add(tick("A", 15), at: 30, pid: 7, stack: [0x2010])
      trace.add(tick("A", 1), at: 40, pid: 7)
    }
    let process = try process { body(&$0) }
    #expect(process.stacks.map(\.amount.bytes) == [20, 15] && process.stackCount == 2)
    #expect(
      process.stacks.map { $0.frames.map(\.function) } == [["inner", "outer"], ["outer"]])
    #expect(process.withoutStack.bytes == 1 && process.withoutStack.samples == 1)
    #expect(try self.process(listLimit: 1) { body(&$0) }.stacks.count == 1)
  }

  @Test func theSelectedTime() throws {
    var selection = ReportSelection()
    selection.time = 15...25
    let process = try process(selection) {
      for time in [10, 20, 30] as [UInt64] { $0.add(tick("A", time), at: time, pid: 7) }
    }
    #expect(process.total.bytes == 20 && process.span_ns == 10)
    let none = NothingToReport.noEvents(what: "allocation events", keyword: "GC::Verbose")
    #expect(throws: none) { _ = try self.process { $0.sample(at: 1, pid: 7, stack: []) } }
  }

  /// Values that a hostile program writes.
  @Test func absurdValues() throws {
    let process = try process {
      $0.add(tick("A", .max, size: 1), at: 1, pid: 7)
      $0.add(tick("A", .max, size: .max), at: 2, pid: 7)
      for number in 0..<10_100 { $0.add(tick("T\(number)", 1), at: UInt64(number + 3), pid: 7) }
    }
    #expect(process.total.bytes == .max && process.total.objects == .max)
    #expect(process.types.count == 10_001)
    #expect(process.types.first { $0.type == "(other types)" }?.amount.samples == 101)
  }
}
