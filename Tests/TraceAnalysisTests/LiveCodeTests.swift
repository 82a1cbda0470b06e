import Testing

@testable import TraceAnalysis

@Suite struct LiveCodeTests {
  private func piece(_ method: UInt64, isBefore: Bool = false) -> LiveCode.Piece {
    LiveCode.Piece(method: method, version: 0, size: 10, isBefore: isBefore)
  }

  /// Otherwise, a method that is loaded again would count as loaded before the session each time.
  @Test func aFullTableReplacesWhatItHas() {
    var code = LiveCode(piecesMax: 2)
    code.add(0x1000, piece(1, isBefore: true), at: 1)
    code.add(0x2000, piece(2), at: 2)
    code.add(0x1000, piece(1), at: 3)
    #expect(code.piece(at: 0x1000, 1, version: 0)?.isBefore == false)
    #expect(!code.isCut)
    code.add(0x3000, piece(3), at: 4)
    #expect(code.isCut)
    #expect(code.bytes == 20)
    code.move(0x2000, to: 0x1000, at: 5)
    #expect(code.bytes == 10)
  }
}
