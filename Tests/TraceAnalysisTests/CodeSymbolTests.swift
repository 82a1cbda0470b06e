import Testing
import TraceAnalysis

@Suite struct CodeSymbolTests {
  @Test func jitdumpGoesBeforeThePerfMap() {
    #expect(SymbolSource.jitdump.rawValue < SymbolSource.perfMap.rawValue)
  }

  @Test func aModulesNameIsThePathsLastComponent() {
    #expect(CodeModule(path: "/usr/lib/libc.so.6", source: .image).name == "libc.so.6")
    #expect(CodeModule(path: "[JIT]", source: .provider).name == "[JIT]")
    #expect(CodeModule(path: "/tmp/", source: .image).name == "/tmp/")
  }

  @Test func everyReasonHasAWordAndASentence() {
    #expect(Set(UnresolvedReason.allCases.map(\.label)).count == UnresolvedReason.allCases.count)
    for reason in UnresolvedReason.allCases {
      #expect(reason.sentence.hasSuffix("."))
    }
  }
}
