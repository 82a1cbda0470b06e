import Foundation
import TestSupport
import Testing

@_spi(Fuzzing) @testable import TraceSession

/// What .NET runtimes, or others in their place, say over a socket: the fuzzer's seeds and
/// findings, and changes of them.
@Suite(.randomized) struct DiagnosticCorpusTests {
  private static let corpus: [String: [UInt8]] = {
    let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Fuzz/Corpus/diagnostics").standardized
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return Dictionary(
      uniqueKeysWithValues: names.map { name in
        (name, [UInt8]((try? Data(contentsOf: directory.appendingPathComponent(name))) ?? Data()))
      })
  }()

  private func hear(_ bytes: [UInt8]) -> Int { bytes.withUnsafeBytes(DiagnosticProbe.hear) }

  @Test func everyFileOfTheCorpus() throws {
    #expect(Self.corpus.count >= 20)
    for bytes in Self.corpus.values { _ = hear(bytes) }
    let heard = try ["information", "hello", "session-4", "session-5", "session-6", "refused"].map {
      hear(try #require(Self.corpus[$0]))
    }
    #expect(heard[0] == 1 && heard[1] == 1 && heard[5] == 0)
    // The answer, and the events that follow it.
    #expect(heard[2...4].allSatisfy { $0 > 5 }, "\(heard)")
    for name in ["no-magic", "size-too-small", "size-too-large", "cut-header", "hello-short"] {
      #expect(hear(try #require(Self.corpus[name])) == 0, "\(name)")
    }
  }

  @Test func cutAnywhere() {
    for bytes in Self.corpus.values where bytes.count < 2000 {
      for cut in 0..<bytes.count { _ = hear(Array(bytes.prefix(cut))) }
    }
  }

  @Test func changedAnywhere() {
    var random = SeededGenerator(37)
    let all = Self.corpus.sorted { $0.key < $1.key }.map(\.value).filter { $0.count > 1 }
    for _ in 0..<Rounds.count(700) {
      var bytes = all[random.below(all.count)]
      for _ in 0...random.below(4) {
        let place = 1 + random.below(bytes.count - 1)
        switch random.below(4) {
        case 0: bytes[place] = 0xff
        case 1: for index in place..<min(place + 4, bytes.count) { bytes[index] = 0x7f }
        default: bytes[place] ^= 1 << UInt8(random.below(8))
        }
      }
      _ = hear(bytes)
    }
  }

  /// A character may have thousands of bytes.
  @Test func textsOfARuntimeAreShort() throws {
    let file = try #require(Self.corpus["information-long"])
    let payload = Array(file.dropFirst(1 + DiagnosticMessage.headerBytes))
    let entry = DotNetDirectory.Entry(pid: 1, executable: "", payload: payload)
    #expect(entry.assembly == String(repeating: "d", count: 256))
    #expect(entry.version.utf8.count == 256 && entry.version.unicodeScalars.count == 128)
  }
}
