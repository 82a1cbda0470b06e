import Testing
import TraceEvents

@testable import TraceAnalysis

/// Weaknesses of PerfView's real-time names (W1, W2, W3, W11, W12) do not exist here.
@Suite struct LiveWeaknessTests {
  static let second: Int64 = 1_000_000_000
  let names = LiveSymbolizer(session: testSession(), options: .test)
  let script = EventScript()

  init() { names.listen(to: script) }

  func load(_ name: String, _ start: UInt64, _ size: UInt32, at time: Int64, rundown: Bool = false)
  {
    script.hand(
      MethodLoad(
        methodID: UInt64(name.utf8.first!), startAddress: start, size: size, namespace: "",
        name: name, signature: ""), pid: 1, at: time, isRundown: rundown)
  }

  func unload(_ name: String, _ start: UInt64, _ size: UInt32, at time: Int64) {
    script.hand(
      MethodUnload(
        methodID: UInt64(name.utf8.first!), startAddress: start, size: size, namespace: "",
        name: name, signature: ""), pid: 1, at: time)
  }

  func ask(_ address: UInt64, at time: Int64) -> LiveSymbolizer.Answer {
    names.resolve(pid: 1, address: address, at: time, isCaller: false)
  }

  func shown(_ resolution: Resolution) -> String {
    switch resolution {
    case .symbol(let id, _, _): names.symbol(id).name
    case .unresolved(let reason, _): reason.label
    }
  }

  func shown(_ address: UInt64, at time: Int64) -> String {
    shown(ask(address, at: time).resolution)
  }

  @Test func w1AnAnswerWithoutANameIsNotTheLast() throws {
    var told: [PendingTicket: [String]] = [:]
    names.onBackfill = { [names] ticket, resolution in
      told[ticket, default: []].append(
        resolution.symbolID.map { names.symbol($0).name } ?? "no name")
    }
    // Announced after 50 ms; only at its end, after a minute; in a rundown, after two.
    let soon = try #require(ask(0x1010, at: Self.second).ticket)
    let atEnd = try #require(ask(0x2010, at: Self.second).ticket)
    let inRundown = try #require(ask(0x3010, at: Self.second).ticket)
    let outside = try #require(ask(0x1110, at: Self.second).ticket)
    let never = try #require(ask(0x9000, at: Self.second).ticket)
    load("soon", 0x1000, 0x100, at: Self.second + 50_000_000)
    #expect(told == [soon: ["soon"]])
    unload("at end", 0x2000, 0x100, at: 60 * Self.second)
    let afterEnd = try #require(ask(0x2010, at: 61 * Self.second).ticket)
    load("rundown", 0x3000, 0x100, at: 120 * Self.second, rundown: true)
    names.finish()
    #expect(told == [soon: ["soon"], atEnd: ["at end"], inRundown: ["rundown"]])
    for ticket in [outside, never, afterEnd] { #expect(told[ticket] == nil) }
  }

  @Test func w2WhoTakesTheSameStartIsNamedFromThenOn() {
    load("old", 0x1000, 0x100, at: Self.second)
    #expect(shown(0x1010, at: 2 * Self.second) == "old")
    unload("old", 0x1000, 0x100, at: 3 * Self.second)
    #expect(shown(0x1010, at: 3 * Self.second + 500_000_000) == "unloaded")
    load("new", 0x1000, 0x100, at: 5 * Self.second)
    #expect(shown(0x1010, at: 6 * Self.second) == "new")
    // The end of the former code was not announced.
    load("third", 0x1000, 0x80, at: 7 * Self.second)
    #expect(shown(0x1010, at: 8 * Self.second) == "third")
    #expect(shown(0x1090, at: 8 * Self.second) == "unloaded")
    #expect(shown(0x1010, at: 6 * Self.second) == "new")
    #expect(shown(0x1010, at: 2 * Self.second) == "old")
  }

  @Test func w3WhatIsOverlappedIsGone() {
    load("a", 0x1000, 0x100, at: Self.second)
    load("b", 0x1080, 0x100, at: 2 * Self.second)
    #expect(shown(0x1010, at: 3 * Self.second) == "unloaded")
    #expect(shown(0x1090, at: 3 * Self.second) == "b")
    load("c", 0x1040, 0x60, at: 4 * Self.second)
    #expect(shown(0x1050, at: 5 * Self.second) == "c")
    #expect(shown(0x1090, at: 5 * Self.second) == "c")
    #expect(shown(0x1120, at: 5 * Self.second) == "unloaded")
    #expect(shown(0x1090, at: 3 * Self.second) == "b")
  }

  @Test func w11TablesDoNotGrowWithTime() {
    func run(_ minutes: Range<Int>) -> LiveSymbolizer.Statistics {
      var peak = LiveSymbolizer.Statistics()
      for step in minutes.lowerBound * 60..<minutes.upperBound * 60 {
        let time = Int64(step + 1) * Self.second
        load("m\(step)", 0x1000 + UInt64(step % 50) << 8, 0x100, at: time)
        for frame in 0..<20 {
          _ = ask(0x1000 + UInt64(frame) << 8, at: time + Int64(frame))
          _ = ask(0x9_0000 + UInt64(step), at: time + Int64(frame))
        }
        peak.versions = max(peak.versions, names.statistics.versions)
        peak.pending = max(peak.pending, names.statistics.pending)
        peak.symbols = max(peak.symbols, names.statistics.symbols)
      }
      return peak
    }
    let early = run(0..<30)
    let late = run(30..<400)
    #expect(late.versions <= early.versions * 5 / 4)
    #expect(late.pending <= early.pending * 5 / 4)
    #expect(late.symbols <= max(early.symbols * 5 / 4, 17_000))
    #expect(names.statistics.forgotten > 20_000)
  }

  @Test func w12TheReasonIsTold() {
    #expect(shown(0x1010, at: Self.second) == "never announced")
    load("a", 0x1000, 0x100, at: 4 * Self.second)
    names.advance(to: 5 * Self.second)
    #expect(shown(0x1010, at: Self.second) == "announced too late")
    unload("a", 0x1000, 0x100, at: 5 * Self.second + 1)
    #expect(shown(0x1010, at: 6 * Self.second) == "unloaded")
    #expect(
      shown(0xffff_ffff_8000_0000, at: 6 * Self.second) == UnresolvedReason.kernelHidden.label)
    var reasons: [String] = []
    let late = ask(0x5000, at: 7 * Self.second).ticket
    names.onBackfill = { ticket, resolution in
      if ticket == late { reasons.append(shown(resolution)) }
    }
    load("b", 0x5000, 0x100, at: 10 * Self.second)
    names.finish()
    #expect(reasons == ["announced too late"])
  }
}
