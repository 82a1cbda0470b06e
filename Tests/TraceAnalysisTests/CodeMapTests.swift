import Testing

@testable import TraceAnalysis

/// The code at each address and time: reuse, overlap, late and missing announcements.
@Suite struct CodeMapTests {
  private let map = CodeMap()

  private func code(_ name: String, _ start: UInt64, _ size: UInt64) -> CodeAnnouncement {
    CodeAnnouncement(
      start: start, size: size, symbol: map.names.intern(name, module: 0, source: .provider))
  }

  private func load(_ name: String, _ start: UInt64, _ size: UInt64, at time: Int64) {
    map.load(code(name, start, size), .provider, pid: 1, at: time)
  }

  private func name(_ address: UInt64, at time: Int64, pid: UInt32 = 1) -> String {
    switch map.find(pid, address, at: time).kind {
    case .code(let row, let isLate):
      let entry = map.names[map.rows[Int(row)].symbol]
      return String(decoding: map.names.name(entry), as: UTF8.self) + (isLate ? "~" : "")
    case .image: return "image"
    case .nothing(let reason, _): return reason.label
    }
  }

  @Test func anAddressThatChangesHandsHasBothNames() {
    load("a", 0x1000, 0x100, at: 1_000_000)
    load("b", 0x1000, 0x100, at: 9_000_000)
    map.seal()
    #expect(name(0x1010, at: 5_000_000) == "a")
    #expect(name(0x1010, at: 9_500_000) == "b")
    #expect(name(0x2000, at: 9_500_000) == "never announced")
  }

  @Test func whatIsPartlyReusedIsGoneAsAWhole() {
    load("a", 0x1000, 0x100, at: 1_000_000)
    load("b", 0x1080, 0x100, at: 9_000_000)
    map.seal()
    #expect(name(0x1010, at: 5_000_000) == "a")
    #expect(name(0x1010, at: 9_500_000) == "unloaded")
    #expect(name(0x1090, at: 9_500_000) == "b")
  }

  @Test func onlyTheEndWasAnnounced() {
    load("a", 0x1000, 0x100, at: 1_000_000)
    map.unload(code("a", 0x1000, 0x100), .provider, pid: 1, at: 2_000_000)
    map.unload(code("b", 0x1000, 0x100), .provider, pid: 1, at: 8_000_000)
    map.seal()
    #expect(name(0x1010, at: 1_500_000) == "a")
    #expect(name(0x1010, at: 5_000_000) == "b")
    #expect(name(0x1010, at: 9_000_000) == "unloaded")
  }

  @Test func aLateAnnouncementCountsWithinTheSlack() {
    load("a", 0x1000, 0x100, at: 5_000_000_000)
    map.seal()
    #expect(name(0x1010, at: 4_500_000_000) == "a~")
    #expect(name(0x1010, at: 3_000_000_000) == "announced too late")
  }

  @Test func aForkHasItsParentsCodeAndAnExecHasNot() {
    load("a", 0x1000, 0x100, at: 1_000_000)
    map.processStarted(2, parent: 1, at: 2_000_000)
    map.processRenewed(2, at: 9_000_000)
    map.seal()
    #expect(name(0x1010, at: 5_000_000, pid: 2) == "a")
    #expect(name(0x1010, at: 9_500_000, pid: 2) == "never announced")
  }
}
