import TestSupport
import Testing

@testable import minivm

/// Short-lived code: the notifications of listeners are consistent.
@Suite(.needs(.x86)) struct CodeCacheTests {
  /// Checks each notification against all previous ones.
  private final class Ledger: CodeListener {
    var live: [UInt64: CodeRecord] = [:]
    var begins: [CodeRecord] = []
    var reuses = 0
    var moves = 0
    var isFinished = false
    private var used: Set<UInt64> = []

    private func insert(_ code: CodeRecord, _ bytes: UnsafeRawBufferPointer) {
      #expect(bytes.count == code.size && code.size > 0)
      // push rbp; mov rbp, rsp: every method keeps a frame pointer.
      #expect(bytes.prefix(4).elementsEqual([0x55, 0x48, 0x89, 0xe5]))
      for other in live.values {
        let isApart =
          code.start + UInt64(code.size) <= other.start
          || other.start + UInt64(other.size) <= code.start
        #expect(isApart, "\(code.name) over \(other.name)")
      }
      #expect(live.updateValue(code, forKey: code.serial) == nil)
      if !used.insert(code.start).inserted { reuses += 1 }
    }

    func codeBegins(_ code: CodeRecord, _ bytes: UnsafeRawBufferPointer) {
      insert(code, bytes)
      begins.append(code)
    }

    func codeEnds(_ code: CodeRecord) {
      #expect(live.removeValue(forKey: code.serial)?.start == code.start)
    }

    func codeMoves(_ old: CodeRecord, to new: CodeRecord, _ bytes: UnsafeRawBufferPointer) {
      #expect(live.removeValue(forKey: old.serial)?.start == old.start)
      #expect(old.size == new.size && old.name == new.name && old.serial != new.serial)
      insert(new, bytes)
      moves += 1
    }

    func finish() { isFinished = true }
  }

  @Test(arguments: [false, true])
  func evictionAndReuse(moves: Bool) throws {
    let source = ChurnProgram.source(seed: 7)
    let expected = try Run(source, Way(arguments: [1, 25]))
    let ledger = Ledger()
    let way = Way(
      threshold: 1, optimizeAfter: 20, cacheBytes: 16 << 10, moves: moves, arguments: [1, 25])
    let run = try Run(source, way, listeners: [ledger])
    #expect(run.isSame(as: expected))
    #expect(ledger.isFinished)
    #expect(ledger.live.isEmpty)
    #expect(ledger.begins.count == run.counts.compilations)
    #expect(ledger.moves == run.counts.moves)
    #expect(run.counts.evictions > 100)
    #expect(ledger.reuses > 100)
    #expect(moves ? ledger.moves > 100 : ledger.moves == 0)
    // Versions of a method count up.
    var versions: [UInt64: UInt64] = [:]
    for code in ledger.begins {
      #expect(code.version == versions[code.methodID, default: 0])
      versions[code.methodID, default: 0] += 1
    }
  }

  @Test func placesAreFoundBetweenOthers() {
    let cache = CodeCache(byteCount: 256)
    #expect(cache.place(for: 256) == 0..<256)
    #expect(cache.place(for: 272) == nil)
  }
}
