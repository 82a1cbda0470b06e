import Foundation
import TestSupport
import Testing

@_spi(Fuzzing) @testable import TraceSession

/// The fuzzer's seeds and findings are drained without failures: each block is readable, and the
/// writer does not fail.
@Suite(.serialized, .usesEmitterSlots) struct RingCorpusTests {
  @Test func everyFileOfTheCorpus() throws {
    let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Fuzz/Corpus/ring")
    let files = try FileManager.default.contentsOfDirectory(
      at: directory, includingPropertiesForKeys: nil)
    #expect(files.count >= 60)
    var events: UInt64 = 0
    for file in files {
      events += try Data(contentsOf: file).withUnsafeBytes { RingProbe.drain($0) }
    }
    #expect(events > 1000)
  }
}
