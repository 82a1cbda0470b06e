import Testing
import TraceEvents

@testable import tracectl

@Suite struct NamePatternsTests {
  static let schemas = [
    EventSchema(provider: "Runtime", id: 1, name: "GCStart"),
    EventSchema(provider: "Runtime", id: 2, name: "MethodLoad"),
    EventSchema(provider: "Shop", id: 1, name: "Placed"),
  ]

  private func admitted(providers: [String] = [], events: [String] = []) -> [String] {
    let selection = NamePatterns(providers: providers, events: events)
    return Self.schemas.filter(selection.admits).map(\.name)
  }

  @Test func namesAndPatterns() {
    #expect(admitted() == ["GCStart", "MethodLoad", "Placed"])
    #expect(admitted(providers: ["runtime"]) == ["GCStart", "MethodLoad"])
    #expect(admitted(events: ["GC*,placed"]) == ["GCStart", "Placed"])
    #expect(admitted(events: ["Runtime/*Load"]) == ["MethodLoad"])
    #expect(admitted(providers: ["Shop"], events: ["GCStart"]) == [])
  }

  @Test func aNameThatFitsNothingIsAnError() throws {
    let selection = NamePatterns(providers: [], events: ["GCStrat"])
    let failure = #expect(throws: Failure.self) {
      try selection.check(against: Self.schemas, in: "t.etl")
    }
    #expect(
      failure?.line == "tracectl: t.etl has no event 'GCStrat'; did you mean 'GCStart'?")
    try NamePatterns(providers: ["shop"], events: ["GC*"])
      .check(against: Self.schemas, in: "t.etl")
  }

  @Test(arguments: [
    ("", "", true), ("*", "", true), ("", "a", false), ("a*c", "abbc", true),
    ("a*c", "abcd", false),
    ("**x", "aax", true), ("GC", "gc", true), ("*a*b*", "xxaybz", true), ("a*a", "a", false),
  ])
  func patterns(pattern: String, name: String, expected: Bool) {
    #expect(matches(pattern, name) == expected)
  }
}
