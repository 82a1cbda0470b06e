import Testing
import TraceAnalysis

@Suite struct CodeSymbolTests {
  @Test func jitdumpGoesBeforeThePerfMap() {
    #expect(SymbolSource.jitdump.rawValue < SymbolSource.perfMap.rawValue)
  }
}
