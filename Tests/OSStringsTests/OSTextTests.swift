import Glibc
import OSStrings
import TestSupport
import Testing

/// Strings of the operating system keep all their bytes when converted to Swift strings and back.
@Suite(.randomized) struct OSTextTests {
  private func survives(_ bytes: [UInt8]) {
    let text = String(osBytes: bytes)
    #expect(text.osBytes == bytes)
    // The text can be written and read again unchanged.
    #expect(String(decoding: Array(text.utf8), as: UTF8.self).osBytes == bytes)
  }

  @Test(
    arguments: [
      ([0x61, 0xff, 0xfe, 0x62], "a\u{10ffff}\u{10fffe}b"),
      ([0xe2, 0x82], "\u{10ffe2}\u{10ff82}"),
      (Array("grün/日本 🙂".utf8), "grün/日本 🙂"),
      // A surrogate, an overlong form, a character above the maximum.
      ([0xed, 0xa0, 0x80], "\u{10ffed}\u{10ffa0}\u{10ff80}"),
      ([0xc0, 0xaf], "\u{10ffc0}\u{10ffaf}"),
      ([0xf4, 0x90, 0x80, 0x80], "\u{10fff4}\u{10ff90}\u{10ff80}\u{10ff80}"),
      // A genuine character from the range that represents bytes.
      ([0xf4, 0x8f, 0xbf, 0xbf], "\u{10fff4}\u{10ff8f}\u{10ffbf}\u{10ffbf}"),
      // The last character before that range.
      ([0xf4, 0x8f, 0xbd, 0xbf], "\u{10ff7f}"),
      ([], ""),
    ] as [([UInt8], String)])
  func bytesBecomeCharacters(_ bytes: [UInt8], _ text: String) {
    #expect(Array(String(osBytes: bytes).unicodeScalars) == Array(text.unicodeScalars))
    survives(bytes)
  }

  @Test func everyTwoBytesSurvive() {
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max { survives([0x2f, first, second]) }
    }
  }

  /// Random bytes, often nearly UTF-8 or nearly the marks.
  @Test func randomBytesSurviveAndDiffer() {
    var random = SeededGenerator()
    let pieces: [[UInt8]] = [
      [0x61], [0xc3, 0xa4], [0xe2, 0x82, 0xac], [0xf0, 0x9f, 0x99, 0x82], [0xf4, 0x8f, 0xbe, 0x80],
      [0xf4, 0x8f, 0xbf, 0xbf], [0xf4, 0x8f, 0xbf], [0xf4, 0x8f], [0xed, 0xa0, 0x80], [0xff],
    ]
    var texts: [String: [UInt8]] = [:]
    for _ in 0..<20_000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        if Bool.random(using: &random) {
          bytes += pieces.randomElement(using: &random)!
        } else {
          bytes.append(UInt8.random(in: 1...255, using: &random))
        }
      }
      survives(bytes)
      let text = String(osBytes: bytes)
      #expect(texts.updateValue(bytes, forKey: text) ?? bytes == bytes)
    }
  }

  @Test func theSystemGetsTheBytes() throws {
    let directory = TemporaryDirectory()
    let bytes = Array(directory.path.utf8) + Array("/a".utf8) + [0xff, 0xfe, 0x62]
    let path = String(osBytes: bytes)
    let descriptor = OSPath.open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    try #require(descriptor >= 0)
    close(descriptor)
    // By its bytes, as other programs access it.
    #expect((bytes + [0]).withUnsafeBytes { access($0.baseAddress!, F_OK) } == 0)
    let stream = try #require(OSPath.opendir(directory.path))
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) { names.append(OSPath.name(entry)) }
    #expect(names.contains("a\u{10ffff}\u{10fffe}b"))
    #expect(OSPath.unlink(path) == 0)
  }
}
