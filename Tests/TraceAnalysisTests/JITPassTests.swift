import TestSupport
import Testing
import TraceAnalysis
import TraceEvents
import TraceFormat

/// Compilations whose events are incomplete.
@Suite struct JITPassTests {
  private func process(
    _ body: (inout SampledTrace) throws -> Void
  ) throws -> JITReport.Process {
    try #require(try report(of: JITPass(), body).processes.first)
  }

  private func begin(_ method: UInt64) -> MethodJittingStarted {
    MethodJittingStarted(
      methodID: method, ilSize: 30, namespace: "Shop", name: "m\(method)", signature: "()")
  }

  private func load(
    _ method: UInt64, tier: MethodTier = .quickJitted, at address: UInt64? = nil
  ) -> MethodLoad {
    MethodLoad(
      methodID: method, startAddress: address ?? method << 12, size: 100, tier: tier,
      namespace: "Shop", name: "m\(method)", signature: "()")
  }

  @Test func recompilations() throws {
    let process = try process {
      $0.add(load(9), at: 1, pid: 7, isRundown: true)
      $0.add(begin(1), at: 10, pid: 7)
      // Compiled by another thread meanwhile.
      $0.add(begin(2), at: 12, pid: 7, tid: 8)
      $0.add(load(1), at: 20, pid: 7)
      $0.add(load(2), at: 32, pid: 7, tid: 8)
      $0.add(begin(1), at: 40, pid: 7)
      $0.add(load(1, tier: .optimizedTier1, at: 0x9_0000), at: 80, pid: 7)
      $0.add(
        MethodUnload(
          methodID: 1, startAddress: 1 << 12, size: 100, namespace: "Shop", name: "m1",
          signature: "()"), at: 90, pid: 7)
      $0.add(load(9, tier: .optimized, at: 0x8_0000), at: 100, pid: 7)
    }
    #expect(process.compiled == 4 && process.times.count == 3 && process.times.total_ns == 70)
    #expect(process.before == 1 && process.recompiled == 2 && process.withoutCode == 0)
    #expect(process.tierChanges.map(\.to) == [.optimized, .optimizedTier1])
    #expect(process.unloaded == 1 && process.peakCode_bytes == 400)
    #expect(process.lastCode_bytes == 400 && process.codeOverTime.count == 16)
    #expect(process.compilations.map(\.time_ns) == [40, 20, 10, nil])
    #expect(process.compilations.map(\.isAgain) == [true, false, false, true])
    #expect(process.compilations[0].method == "Shop.m1()")
  }

  /// A compilation whose code was lost, or that was given up, is not paired with the method's next
  /// one.
  @Test func lostEvents() throws {
    let process = try process {
      $0.add(begin(1), at: 10, pid: 7)
      $0.add(begin(1), at: 1_000_000, pid: 7)
      $0.add(load(1), at: 1_000_010, pid: 7)
      $0.add(begin(2), at: 1_000_020, pid: 7)
      $0.recorder.addLoss(
        LossRecord(
          stream: 0, cpu: 0, cause: .bufferFull, count: 5,
          fromTicks: SampledTrace.start + 1_000_030, toTicks: SampledTrace.start + 8_999_000))
      $0.add(load(2), at: 9_000_000, pid: 7)
      $0.add(begin(3), at: 9_000_010, pid: 7)
    }
    #expect(process.compiled == 2 && process.times.count == 1 && process.times.max_ns == 10)
    #expect(process.withoutCode == 2)
  }

  @Test func nothing() throws {
    #expect(throws: NothingToReport.noEvents(what: "compilations", keyword: "JIT")) {
      _ = try process { $0.sample(at: 1, pid: 7, stack: []) }
    }
  }
}
