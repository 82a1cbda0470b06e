import Testing

@testable import TraceAnalysis

@Suite struct CodeSymbolTests {
  @Test func jitdumpGoesBeforeThePerfMap() {
    #expect(SymbolSource.jitdump.rawValue < SymbolSource.perfMap.rawValue)
  }

  @Test func aModulesNameIsThePathsLastComponent() {
    #expect(CodeModule(path: "/usr/lib/libc.so.6", source: .image).name == "libc.so.6")
    #expect(CodeModule(path: "[JIT]", source: .provider).name == "[JIT]")
    #expect(CodeModule(path: "/tmp/", source: .image).name == "/tmp/")
  }

  /// A name that is cut ends with a whole character.
  @Test(arguments: 0..<4) func aLongNameIsCutBetweenCharacters(before: Int) {
    let names = NameTable()
    let start = String(repeating: "n", count: before)
    let id = names.intern(
      start + String(repeating: "\u{10ffff}", count: 2000), module: 0, source: .image)
    let name = String(decoding: names.name(names[id]), as: UTF8.self)
    #expect(name == start + String(repeating: "\u{10ffff}", count: before == 0 ? 1024 : 1023))
  }

  @Test func everyReasonHasAWordAndASentence() {
    #expect(Set(UnresolvedReason.allCases.map(\.label)).count == UnresolvedReason.allCases.count)
    for reason in UnresolvedReason.allCases {
      #expect(reason.sentence.hasSuffix("."))
    }
  }
}
