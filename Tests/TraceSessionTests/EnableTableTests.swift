import Testing
import TraceEvents
import TraceFormat

@testable import TraceSession

/// ETW's enable semantics, which the session converts to a set of enabled events.
@Suite struct EnableTableTests {
  static func event(
    _ id: UInt16, _ level: UInt8, _ keywords: UInt64
  ) -> EventSchema {
    EventSchema(
      provider: "Shop", id: id, name: "E\(id)", level: Level(rawValue: level),
      keywords: Keywords(rawValue: keywords))
  }

  static let provider = ProviderSchema(
    name: "Shop",
    keywords: [
      KeywordSchema("A", Keywords(rawValue: 1)), KeywordSchema("B", Keywords(rawValue: 2)),
    ],
    events: [
      event(0, 0, 0), event(1, 1, 1), event(2, 4, 2), event(3, 5, 3), event(4, 5, 0),
      event(5, 3, 4),
    ])

  static func spec(
    _ level: UInt8, any: UInt64 = 0, all: UInt64 = 0, names: [String] = [],
    events: EventFilter = .all
  ) -> ProviderSpec {
    ProviderSpec(
      name: "Shop", keywords: KeywordSelection(mask: Keywords(rawValue: any), names: names),
      allKeywords: Keywords(rawValue: all), level: Level(rawValue: level), events: events)
  }

  @Test func aStarIsEveryProviderWithoutASpecificationOfItsOwn() throws {
    let star = try ProviderSpec.parse("*::Error")
    let table = EnableTable(star, stacks: [])
    #expect(table.wanted(of: Self.provider)?.events.map(\.schema.id) == [0, 1])
    let both = EnableTable(star + [Self.spec(5, any: 2)], stacks: [])
    #expect(both.wanted(of: Self.provider)?.events.map(\.schema.id) == [0, 2, 3, 4])
    var other = Self.provider
    other.name = "Other"
    #expect(both.wanted(of: other)?.events.map(\.schema.id) == [0, 1])
    let named = EnableTable(try ProviderSpec.parse("*:Nowhere"), stacks: [])
    #expect(named.wanted(of: Self.provider)?.problems == [])
  }

  static func ids(_ specs: ProviderSpec...) -> [UInt16]? {
    EnableTable(specs, stacks: []).wanted(of: provider)?.events.map(\.schema.id)
  }

  @Test func levels() {
    #expect(Self.ids(Self.spec(0)) == [0, 1, 2, 3, 4, 5])
    #expect(Self.ids(Self.spec(255)) == [0, 1, 2, 3, 4, 5])
    #expect(Self.ids(Self.spec(1)) == [0, 1])
    #expect(Self.ids(Self.spec(4)) == [0, 1, 2, 5])
  }

  @Test func keywords() {
    // None selected: all. An event without keywords always passes.
    #expect(Self.ids(Self.spec(5, any: 1)) == [0, 1, 3, 4])
    #expect(Self.ids(Self.spec(5, any: 3)) == [0, 1, 2, 3, 4])
    #expect(Self.ids(Self.spec(5, any: 8)) == [0, 4])
    // "All" is checked only if "any" is set.
    #expect(Self.ids(Self.spec(5, all: 3)) == [0, 1, 2, 3, 4, 5])
    #expect(Self.ids(Self.spec(5, any: 1, all: 3)) == [0, 3, 4])
    #expect(Self.ids(Self.spec(4, any: 1, all: 3)) == [0])
  }

  @Test func namesBecomeBitsOnceTheProviderIsKnown() {
    #expect(Self.ids(Self.spec(5, names: ["b"])) == [0, 2, 3, 4])
    // A misspelled name must not mean "every keyword".
    #expect(Self.ids(Self.spec(5, names: ["Bb"])) == [0, 4])
    let table = EnableTable([Self.spec(5, names: ["Bb"])], stacks: [])
    #expect(table.wanted(of: Self.provider)?.problems.count == 1)
    #expect(table.wanted(of: Self.provider)?.problems.first?.contains("did you mean B?") == true)
  }

  @Test func eventFilters() {
    #expect(Self.ids(Self.spec(5, events: .only([.id(2), .name("e3")]))) == [2, 3])
    #expect(Self.ids(Self.spec(4, events: .only([.id(2), .name("e3")]))) == [2])
    #expect(Self.ids(Self.spec(5, any: 1, events: .except([.id(0), .id(4)]))) == [1, 3])
    let table = EnableTable([Self.spec(5, events: .only([.name("E33"), .id(99)]))], stacks: [])
    #expect(table.wanted(of: Self.provider)?.problems.count == 2)
  }

  @Test func enablingAgainReplaces() {
    var table = EnableTable([Self.spec(5, any: 1), Self.spec(1, any: 2)], stacks: [])
    func ids() -> [UInt16]? { table.wanted(of: Self.provider)?.events.map(\.schema.id) }
    #expect(ids() == [0, 1, 3, 4])
    table.enable([Self.spec(4, any: 2)])
    #expect(ids() == [0, 2])
    table.disable("Shop")
    #expect(ids() == nil)
  }

  @Test func givenTogetherTheyAddUp() {
    #expect(Self.ids(Self.spec(1, any: 1), Self.spec(4, any: 2)) == [0, 1, 2])
    let filter = EnableTable([Self.spec(1, any: 1), Self.spec(4, any: 2)], stacks: [])
      .wanted(of: Self.provider)?.filter
    #expect(filter == EnableFilter(level: .informational, any: Keywords(rawValue: 3)))
    let every = EnableTable([Self.spec(0, any: 1), Self.spec(4)], stacks: [])
      .wanted(of: Self.provider)?.filter
    #expect(every == EnableFilter(level: Level(rawValue: 255), any: []))
  }

  @Test func stacks() {
    func stacks(_ spec: StackSpec) -> [UInt16] {
      EnableTable([Self.spec(5)], stacks: [spec]).wanted(of: Self.provider)!.events
        .filter(\.captureStack).map(\.schema.id)
    }
    #expect(stacks(StackSpec()) == [0, 1, 2, 3, 4, 5])
    #expect(stacks(StackSpec(provider: "Else")) == [])
    #expect(stacks(StackSpec(provider: "Shop", events: .only([.id(3)]))) == [3])
    #expect(stacks(StackSpec(provider: "Shop", keywords: .init(names: ["A"]))) == [1, 3])
  }

  @Test func namesOfProvidersMatchWithoutRegardToCase() {
    var spec = Self.spec(5)
    spec.name = "sHOP"
    var table = EnableTable([spec], stacks: [StackSpec(provider: "SHOP", events: .only([.id(3)]))])
    let wanted = table.wanted(of: Self.provider)
    #expect(wanted?.events.map(\.schema.id) == [0, 1, 2, 3, 4, 5])
    #expect(wanted?.events.filter(\.captureStack).map(\.schema.id) == [3])
    #expect(wanted?.problems == [])
    spec = Self.spec(1)
    spec.name = "shoP"
    table.enable([spec])
    #expect(table.wanted(of: Self.provider)?.events.map(\.schema.id) == [0, 1])
    table.disable("shop")
    #expect(table.wanted(of: Self.provider) == nil)
  }

  /// Stacks that can never come are a mistake of the user.
  @Test func stacksOfNothingAreAProblem() {
    func problems(_ stacks: StackSpec, level: UInt8 = 5) -> [String]? {
      EnableTable([Self.spec(level)], stacks: [stacks]).wanted(of: Self.provider)?.problems
    }
    let misspelled = problems(StackSpec(provider: "shop", events: .only([.name("E33")])))
    #expect(misspelled == ["provider Shop has no event 'E33'; did you mean E3?"])
    let keyword = problems(StackSpec(provider: "Shop", keywords: .init(names: ["C"])))
    #expect(keyword?.first?.contains("has no keyword 'C'") == true && keyword?.count == 1)
    // The event exists, but is above the level.
    let unwanted = problems(StackSpec(provider: "Shop", events: .only([.id(3)])), level: 1)
    #expect(unwanted?.count == 1 && unwanted?.first?.contains("is enabled") == true)
    for fine in [StackSpec(), StackSpec(provider: "Else"), StackSpec(provider: "Shop")] {
      #expect(problems(fine) == [])
    }
  }

  @Test func stacksOfRuntimeEventsComeWithTheEventsThatNameTheirFrames() {
    let runtime = ProviderSchema(
      name: RuntimeSchema.providerName, keywords: RuntimeSchema.keywords,
      events: RuntimeSchema.eventTypes.map { $0.schema })
    let gc = ProviderSpec(
      name: runtime.name, keywords: .init(names: ["GC"]), level: .informational)
    func names(_ stacks: [StackSpec]) -> Set<String> {
      let wanted = EnableTable([gc], stacks: stacks).wanted(of: runtime)!
      // The filter does not request the announcement of every method.
      #expect(wanted.filter.any == RuntimeSchema.Keyword.gc)
      return Set(wanted.events.map(\.schema.name))
    }
    let plain = names([])
    #expect(plain.contains("GCStart") && !plain.contains("MethodLoad"))
    #expect(names([StackSpec(provider: "Shop")]) == plain)
    #expect(names([StackSpec(provider: "Runtime", events: .only([.name("MethodLoad")]))]) == plain)
    let added: Set = ["MethodLoad", "MethodUnload", "MethodILToNativeMap"]
    #expect(names([StackSpec(events: .only([.name("GCStart")]))]) == plain.union(added))
  }

  @Test func refsAreSharedByEqualSchemas() {
    var refs = RefTable()
    let first = refs.ref(for: Self.event(1, 1, 1))
    #expect(first?.ref == 1 && first?.isNew == true)
    let again = refs.ref(for: Self.event(1, 1, 1))
    #expect(again?.ref == 1 && again?.isNew == false)
    #expect(refs.ref(for: Self.event(1, 2, 1))?.ref == 2)
    for id in 2..<RefTable.refsMax {
      var schema = Self.event(1, 1, 1)
      schema.name = "N\(id)"
      #expect(refs.ref(for: schema) != nil)
    }
    #expect(refs.ref(for: Self.event(9, 9, 9)) == nil)
    #expect(refs.ref(for: Self.event(1, 1, 1))?.ref == 1)
  }
}
