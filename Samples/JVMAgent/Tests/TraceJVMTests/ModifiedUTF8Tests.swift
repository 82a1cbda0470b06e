import Testing

@testable import TraceJVM

@Suite struct ModifiedUTF8Tests {
  @Test(arguments: [
    ([], ""),
    ([0x70, 0x75, 0x74], "put"),
    ([0xC3, 0xA9], "é"),
    ([0xC0, 0x80], "\0"),
    ([0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], "😀"),
    ([0xE2, 0x82, 0xAC], "€"),
    ([0x61, 0xE2, 0x82], "a\u{FFFD}\u{FFFD}"),
    ([0xFF, 0x61], "\u{FFFD}a"),
    ([0xED, 0xA0, 0xBD], "\u{FFFD}"),
  ])
  func decodes(bytes: [UInt8], text: String) {
    let decoded = bytes.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer {
      ModifiedUTF8.decode($0)
    }
    #expect(decoded == text)
  }

  @Test func clippingCutsBetweenCharacters() {
    #expect("abc".clipped(toBytes: 3) == "abc")
    #expect("abcd".clipped(toBytes: 3) == "abc")
    #expect("aé".clipped(toBytes: 2) == "a")
    #expect("😀".clipped(toBytes: 3) == "")
  }
}
