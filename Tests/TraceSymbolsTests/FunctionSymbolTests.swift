import Testing
import TraceSymbols

@Suite struct FunctionSymbolTests {
  @Test func equality() {
    #expect(
      FunctionSymbol(offset: 1, size: 2, name: "f") != FunctionSymbol(offset: 1, size: 2, name: "g")
    )
  }
}
