import Foundation
import Testing

@_spi(Fuzzing) @testable import TraceSession

/// The fuzzer's seeds and findings are processed without failures.
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
