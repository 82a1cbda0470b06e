import TestSupport
import Testing
import TraceEvents

@testable import TraceAnalysis

/// A session of several weeks takes no more memory at its end than after its first minutes.
@Suite(.randomized) struct LiveMemoryTests {
  static let second: Int64 = 1_000_000_000

  private func load(_ name: String, _ address: UInt64, _ id: UInt64) -> MethodLoad {
    MethodLoad(
      methodID: id, startAddress: address, size: 64, namespace: "", name: name, signature: "")
  }

  private func unload(_ name: String, _ address: UInt64, _ id: UInt64) -> MethodUnload {
    MethodUnload(
      methodID: id, startAddress: address, size: 64, namespace: "", name: name, signature: "")
  }

  @Test func threeWeeksOfCodeThatComesAndGoes() {
    let names = LiveSymbolizer(session: testSession(), options: .test)
    let script = EventScript()
    names.listen(to: script)
    var random = SeededGenerator(7)
    var peak = (versions: 0, symbols: 0, pending: 0, bytes: 0)
    var atMinutes = peak
    let count = 40_000
    // A new name in each step, at new addresses in one of four steps; 45 seconds per step: three
    // weeks. Lookups are in existing code, and at addresses that are never announced.
    for step in 0..<count {
      let time = Int64(step + 1) * 45 * Self.second
      let isNew = step % 4 == 0
      let address =
        isNew
        ? 0x7000_0000_0000 + UInt64(step) << 8
        : 0x10000 + 64 * UInt64.random(in: 0..<256, using: &random)
      let id = UInt64(step + 1)
      script.hand(load("method \(step)", address, id), pid: 1, at: time)
      let answer = names.resolve(pid: 1, address: address + 8, at: time + 10, isCaller: false)
      #expect(answer.resolution.symbolID.map { names.symbol($0).name } == "method \(step)")
      _ = names.resolve(pid: 1, address: 0x20 + address << 8, at: time + 20, isCaller: false)
      if isNew || step % 3 == 0 {
        script.hand(unload("method \(step)", address, id), pid: 1, at: time + Self.second)
      }
      let statistics = names.statistics
      peak = (
        max(peak.versions, statistics.versions), max(peak.symbols, statistics.symbols),
        max(peak.pending, statistics.pending),
        max(peak.bytes, step % 64 == 0 ? names.memoryBytes : 0)
      )
      if step == count / 2 { (atMinutes, peak.bytes) = (peak, 0) }
    }
    #expect(peak.versions <= atMinutes.versions * 5 / 4)
    #expect(peak.symbols <= atMinutes.symbols * 5 / 4)
    #expect(peak.pending <= atMinutes.pending * 5 / 4)
    #expect(peak.bytes <= atMinutes.bytes * 11 / 10)
    #expect(peak.versions < 5000 && peak.symbols < 50_000 && peak.pending < 1000)
    #expect(names.statistics.forgotten > UInt64(count / 2))
  }

  @Test func processesThatComeAndGoAreForgotten() {
    let names = LiveSymbolizer(session: testSession(), options: .test)
    let script = EventScript()
    names.listen(to: script)
    let parent: UInt32 = 1
    script.hand(load("shared", 0x1000, 1), pid: parent, at: 10)
    var versionsMax = 0
    for step in 0..<6_000 {
      let time = Int64(step + 1) * 10_000_000
      let pid = UInt32(100 + step % 3000)
      script.hand(ProcessStart(parentPID: parent, name: ""), pid: pid, at: time)
      let inherited = names.resolve(pid: pid, address: 0x1008, at: time + 5, isCaller: false)
      #expect(inherited.resolution.symbolID != nil)
      script.hand(ProcessExec(name: ""), pid: pid, at: time + 10)
      script.hand(
        ImageMap(baseAddress: 0x40_0000, size: 0x1000, fileOffset: 0, path: "/bin/\(step)"),
        pid: pid, at: time + 20)
      let answer = names.resolve(pid: pid, address: 0x40_0008, at: time + 30, isCaller: false)
      #expect(answer.resolution.symbolID.map { names.symbol($0).name } == "/bin/\(step)!first")
      script.hand(ProcessStop(parentPID: parent), pid: pid, at: time + 1_000_000)
      versionsMax = max(versionsMax, names.statistics.versions)
    }
    // The code of about twelve seconds, not of sixty.
    #expect(versionsMax < 3000)
    #expect(names.statistics.symbols < 40_000)
    #expect(names.stream.settled.lives.all.count { _ in true } < 5000)
  }

  @Test func lookUpsThatWaitAreBounded() {
    var limits = LiveSymbolizer.Limits()
    limits.pendingMax = 100
    let names = LiveSymbolizer(session: testSession(), options: .test, limits: limits)
    for step in 0..<1000 {
      _ = names.resolve(pid: 1, address: 0x1000, at: Int64(step) * Self.second, isCaller: false)
    }
    #expect(names.statistics.pending <= 100)
    #expect(names.statistics.expired >= 900)
  }

  /// A lookup that was given up for others is no longer pending, but its name may still change:
  /// whether it is final depends on its time alone.
  @Test func whatGaveWayIsNotFinalYet() throws {
    var limits = LiveSymbolizer.Limits()
    limits.pendingMax = 1
    let names = LiveSymbolizer(session: testSession(), options: .test, limits: limits)
    let script = EventScript()
    names.listen(to: script)
    script.hand(load("early", 0x1000, 1), pid: 1, at: 1)
    let time = Self.second
    let first = try #require(
      names.resolve(pid: 1, address: 0x1000, at: time, isCaller: false).ticket)
    let second = try #require(
      names.resolve(pid: 1, address: 0x1010, at: time, isCaller: false).ticket)
    #expect(!names.isPending(first) && names.isPending(second))
    #expect(!names.isFinal(time))
    let watch = limits.holdNanoseconds + limits.watchNanoseconds(.test)
    names.advance(to: time + watch)
    #expect(!names.isFinal(time))
    names.advance(to: time + watch + 1)
    #expect(names.isFinal(time) && !names.isPending(second))
  }

  /// Lookups whose names only await corrections are given up for lookups without a name.
  @Test func whoWaitsForItsNameOutlastsThoseThatHaveOne() throws {
    var limits = LiveSymbolizer.Limits()
    limits.pendingMax = 6000
    let names = LiveSymbolizer(session: testSession(), options: .test, limits: limits)
    let script = EventScript()
    names.listen(to: script)
    script.hand(load("early", 0x1000, 1), pid: 1, at: 1)
    let waits = try #require(
      names.resolve(pid: 1, address: 0x2000, at: Self.second, isCaller: false).ticket)
    var told: [String] = []
    names.onBackfill = { ticket, resolution in
      if ticket == waits, let id = resolution.symbolID { told.append(names.symbol(id).name) }
    }
    // Corrections would be kept for 12,000 lookups at a time; half of them fit.
    for step in 0..<60_000 {
      let time = 2 * Self.second + Int64(step) * 1_000_000
      _ = names.resolve(pid: 1, address: 0x1000, at: time, isCaller: false)
    }
    #expect(names.statistics.pending <= 6000)
    #expect(names.statistics.expired == 0)
    script.hand(unload("at its end", 0x2000, 2), pid: 1, at: 63 * Self.second)
    names.finish()
    #expect(told == ["at its end"])
  }

  @Test func whoAnnouncesMoreThanTheLimitLosesTheOldest() {
    var limits = LiveSymbolizer.Limits()
    limits.versionsMax = 1000
    let names = LiveSymbolizer(session: testSession(), options: .test, limits: limits)
    let script = EventScript()
    names.listen(to: script)
    script.hand(load("modest", 0x1000, 1), pid: 2, at: 1)
    for step in 0..<50_000 {
      script.hand(
        load("m\(step)", UInt64(step + 1) << 12, 1), pid: 1, at: Int64(step) * 1_000_000)
    }
    names.finish()
    #expect(names.statistics.versions <= 1001)
    #expect(names.statistics.displaced > 45_000)
    let time = Int64(60) * Self.second
    let modest = names.resolve(pid: 2, address: 0x1000, at: time, isCaller: false)
    #expect(modest.resolution.symbolID != nil)
  }
}
