import Testing
import TraceSession

@Suite struct NearestNameTests {
  static let keywords = ["GC", "JIT", "Exception", "Method", "Symbol", "Loader"]

  @Test(arguments: [
    ("gc", ["GC"]), ("JTI", ["JIT"]), ("Exceptoin", ["Exception"]), ("Exc", ["Exception"]),
    ("Metod", ["Method"]), ("Nonsense", []), ("", []), ("Symbols", ["Symbol"]),
  ])
  func nearest(name: String, expected: [String]) {
    #expect(NearestName.suggestions(for: name, among: Self.keywords) == expected)
  }

  @Test func theBestComesFirstAndNoneTwice() {
    let names = ["dump", "dumps", "dumb", "lamp", "dump"]
    #expect(NearestName.suggestions(for: "dump", among: names) == ["dump", "dumb", "dumps"])
  }
}
