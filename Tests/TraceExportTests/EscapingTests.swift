import TestSupport
import Testing

@testable import TraceExport

@Suite(.randomized) struct EscapingTests {
  private func escape(_ bytes: [UInt8], _ style: EscapeStyle) -> String {
    text { output in bytes.withUnsafeBytes { output.append(escaping: $0, style) } }
  }

  @Test(arguments: [
    ("plain é 漢 🙂", "plain é 漢 🙂", "plain é 漢 🙂", "plain é 漢 🙂"),
    ("a\"b\\c", #"a\"b\\c"#, #"a\"b\\c"#, #"a""b\\c"#),
    ("\n\r\t", #"\n\r\t"#, #"\n\r\t"#, #"\n\r\t"#),
    ("\u{1b}[31m\u{7f}\0", #"\x1b[31m\x7f\x00"#, #"\u001b[31m\u007f\u0000"#, #"\x1b[31m\x7f\x00"#),
    ("\u{9b}31m\u{202e}", #"\u{009b}31m\u{202e}"#, #"\u009b31m\u202e"#, #"\u{009b}31m\u{202e}"#),
  ])
  func controlsAreSpelledOut(raw: String, inText: String, inJSON: String, inCSV: String) {
    let bytes = Array(raw.utf8)
    #expect(escape(bytes, .text) == inText)
    #expect(escape(bytes, .json) == inJSON)
    #expect(escape(bytes, .csv) == inCSV)
  }

  @Test(arguments: [
    [0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82],
    [0xf5, 0x80, 0x80, 0x80], [0x80],
  ])
  func bytesThatAreNotUTF8AreShownAsBytes(bytes: [UInt8]) {
    let spelled = bytes.map { "\\x" + String($0, radix: 16) }.joined()
    #expect(escape(bytes, .text) == spelled)
    // One for each maximal subpart, as in SPEC.md and Swift's decoder.
    #expect(escape(bytes, .json) == String(decoding: bytes, as: UTF8.self))
  }

  @Test func noControlCharacterPassesWhateverTheBytes() {
    var random = SeededGenerator()
    for _ in 0..<2000 {
      let bytes = (0..<16).map { _ in UInt8(random.below(256)) }
      for style in [EscapeStyle.text, .json, .csv] {
        let safe = text { output in bytes.withUnsafeBytes { output.append(escaping: $0, style) } }
        #expect(
          !safe.unicodeScalars.contains {
            $0.properties.generalCategory == .control || $0.properties.isBidiControl
          })
      }
    }
  }
}
