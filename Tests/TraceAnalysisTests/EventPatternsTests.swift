import Testing
import TraceEvents

@testable import TraceAnalysis

@Suite struct EventPatternsTests {
  static let schemas = [
    EventSchema(provider: "Runtime", id: 1, name: "GCStart"),
    EventSchema(provider: "Runtime", id: 2, name: "MethodLoad"),
    EventSchema(provider: "Shop", id: 1, name: "Placed"),
  ]

  private func admitted(providers: [String] = [], events: [String] = []) -> [String] {
    let selection = EventPatterns(providers: providers, events: events)
    return Self.schemas.filter(selection.admits).map(\.name)
  }

  @Test func namesAndPatterns() {
    #expect(admitted() == ["GCStart", "MethodLoad", "Placed"])
    #expect(admitted(providers: ["runtime"]) == ["GCStart", "MethodLoad"])
    #expect(admitted(events: ["GC*,placed"]) == ["GCStart", "Placed"])
    #expect(admitted(events: ["Runtime/*Load"]) == ["MethodLoad"])
    #expect(admitted(providers: ["Shop"], events: ["GCStart"]) == [])
  }

  @Test func aNameThatFitsNothingIsFound() {
    let unknown = EventPatterns(events: ["GC*", "GCStrat"]).unknown(among: Self.schemas)
    #expect(unknown?.kind == "event" && unknown?.pattern == "GCStrat")
    #expect(unknown?.candidates.contains("Runtime/GCStart") == true)
    #expect(EventPatterns(providers: ["Shpo"]).unknown(among: Self.schemas)?.kind == "provider")
    let known = EventPatterns(providers: ["shop"], events: ["GC*"])
    #expect(known.unknown(among: Self.schemas) == nil)
  }

  @Test(arguments: [
    ("", "", true), ("*", "", true), ("", "a", false), ("a*c", "abbc", true),
    ("a*c", "abcd", false),
    ("**x", "aax", true), ("GC", "gc", true), ("*a*b*", "xxaybz", true), ("a*a", "a", false),
  ])
  func patterns(pattern: String, name: String, expected: Bool) {
    #expect(matchesName(pattern, name) == expected)
  }
}
