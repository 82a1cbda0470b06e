import Testing

@testable import TraceAnalysis
@testable import TraceExport

/// Rendered frames are kept as long as what they show is the same.
@Suite struct FrameTextsTests {
  static func string(_ text: ByteSlice) -> String {
    String(decoding: UnsafeBufferPointer(start: text.start, count: text.count), as: UTF8.self)
  }

  static func symbol(
    _ id: UInt32, _ offset: UInt64 = 0, _ certainty: NameCertainty = .certain
  ) -> Resolution {
    .symbol(SymbolID(rawValue: id), offset: offset, certainty: certainty)
  }

  /// Everything that a frame's text depends on is part of its key.
  @Test func eachFrameHasItsText() {
    let resolutions: [Resolution] = [
      Self.symbol(1), Self.symbol(2), Self.symbol(1, 1), Self.symbol(1, 0, .late),
      Self.symbol(1, 0, .uncertain), .unresolved(.unloaded, module: nil),
      .unresolved(.noSymbol, module: nil), .unresolved(.noSymbol, module: ModuleID(rawValue: 0)),
      .unresolved(.noSymbol, module: ModuleID(rawValue: 1)),
    ]
    var keys: [FrameTexts.Key] = []
    for address in [0, 1, UInt64.max] {
      for resolution in resolutions {
        for isProvisional in [false, true] {
          keys.append(FrameTexts.Key(address, resolution, isProvisional: isProvisional))
        }
      }
    }
    for (index, key) in keys.enumerated() {
      #expect(keys.firstIndex(of: key) == index)
    }
  }

  @Test func textsStayInPlaceUntilTheyAreForgotten() {
    let texts = FrameTexts()
    var kept: [(key: FrameTexts.Key, text: ByteSlice, content: String)] = []
    for number in 0..<2000 as Range<UInt32> {
      let key = FrameTexts.Key(UInt64(number), Self.symbol(number), isProvisional: false)
      #expect(texts.text(key) == nil)
      let content = String(repeating: "f", count: Int(number)) + "\(number)"
      kept.append((key, texts.keep(key, HeldLinesTests.text(content)), content))
    }
    for (key, text, content) in kept {
      #expect(Self.string(text) == content)
      // Another frame may have taken its place in the table.
      if let found = texts.text(key) { #expect(Self.string(found) == content) }
    }
    #expect(kept.count { texts.text($0.key) != nil } > 1800)
    #expect(!texts.isFull)
    texts.forgetAll()
    #expect(kept.allSatisfy { texts.text($0.key) == nil })
  }

  @Test func theirOwnerLearnsWhenTheyAreTooMany() {
    let texts = FrameTexts()
    let long = HeldLinesTests.text(String(repeating: "x", count: 1 << 20))
    for number in 0..<8 as Range<UInt32> {
      #expect(!texts.isFull)
      _ = texts.keep(
        FrameTexts.Key(0, Self.symbol(number), isProvisional: false), long)
    }
    #expect(texts.isFull)
    texts.forgetAll()
    #expect(!texts.isFull)
  }
}
