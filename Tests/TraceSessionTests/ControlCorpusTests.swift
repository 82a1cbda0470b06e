import Foundation
import Testing

@_spi(Fuzzing) @testable import TraceSession

/// What the fuzzer starts from, and what it has found, is read without harm.
@Suite struct ControlCorpusTests {
  @Test func everyFileOfTheCorpus() throws {
    let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Fuzz/Corpus/control")
    let files = try FileManager.default.contentsOfDirectory(
      at: directory, includingPropertiesForKeys: nil)
    #expect(files.count >= 15)
    var understood = 0
    for file in files {
      understood += try Data(contentsOf: file).withUnsafeBytes { ConversationProbe.hear($0) }
    }
    #expect(understood >= 15)
  }
}
