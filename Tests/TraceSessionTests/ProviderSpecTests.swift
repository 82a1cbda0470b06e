import Testing
import TraceEvents

@testable import TraceSession

@Suite struct ProviderSpecTests {
  @Test(
    arguments: [
      ("SystemCounters", 1_000_000_000), ("systemcounters:100ms", 100_000_000),
      ("SystemCounters:5", 5_000_000_000),
      ("SystemCounters:60m,SystemCounters:60m", 3_600_000_000_000),
    ] as [(String, UInt64)])
  func readsIntervals(text: String, expected: UInt64) throws {
    let selection = try SourceSelection.parse(text)
    #expect(selection.systemCounters?.interval_ns == expected && selection.providers.isEmpty)
  }

  @Test(arguments: [
    "99ms", "0", "", "61m", "-1s", "1.5s", "1h", "s", "99999999999999999999s", "1s:2s",
  ])
  func refusesIntervals(text: String) {
    let spec = "SystemCounters:" + text
    #expect(throws: ProviderSpecError.badInterval(spec)) { try SourceSelection.parse(spec) }
  }

  @Test(
    arguments: [
      ("Lock", 100_000), ("lock:50us", 50_000), ("Lock:0", 0), ("Lock:2MS", 2_000_000),
      ("Lock:700ns", 700), ("Lock:1s", 1_000_000_000),
    ] as [(String, UInt64)])
  func readsThresholds(text: String, expected: UInt64) throws {
    let selection = try SourceSelection.parse(text)
    #expect(selection.lockThreshold_ns == expected)
    #expect(selection.providers.map(\.name) == ["Lock"])
    let configuration = SessionConfiguration(selection)
    #expect(configuration.lockThreshold_ns == expected && configuration.stacks.count == 1)
  }

  /// What is no threshold are keywords of the provider, and the library is not loaded.
  @Test(arguments: ["Lock:Wait", "Lock:*", "Lock:0x2", "Lock:Wait:Verbose"])
  func keywordsAreNoThresholds(text: String) throws {
    let selection = try SourceSelection.parse(text)
    #expect(selection.lockThreshold_ns == nil && selection.providers.map(\.name) == ["Lock"])
  }

  static let shop = ProviderSchema(
    name: "Shop",
    keywords: [
      KeywordSchema("Order", Keywords(rawValue: 1)), KeywordSchema("Stock", Keywords(rawValue: 2)),
    ],
    events: [EventSchema(provider: "Shop", id: 1, name: "OrderPlaced")])

  static func parse(_ text: String) throws(ProviderSpecError) -> [ProviderSpec] {
    try ProviderSpec.parse(text, known: [shop])
  }

  static func spec(
    _ name: String, _ mask: UInt64 = 0, names: [String] = [], level: Level = .verbose
  ) -> ProviderSpec {
    ProviderSpec(
      name: name, keywords: KeywordSelection(mask: Keywords(rawValue: mask), names: names),
      level: level)
  }

  @Test(arguments: [
    ("GC", [spec("Runtime", 0x1)]),
    ("gc,JIT", [spec("Runtime", 0x1), spec("Runtime", 0x10)]),
    (" Exception , Method", [spec("Runtime", 0x8000), spec("Runtime", 0x1_0000_0000_0000)]),
    ("Symbol::Warning", [spec("Runtime", 0x8, level: .warning)]),
    ("Runtime", [spec("Runtime")]),
    ("runtime:GC+JIT:4", [spec("Runtime", 0x11, level: .informational)]),
    ("Runtime:0x8011:verbose", [spec("Runtime", 0x8011)]),
    ("Runtime:GC+0x10", [spec("Runtime", 0x11)]),
    ("Shop:*:critical", [spec("Shop", level: .critical)]),
    ("Shop::255", [spec("Shop", level: Level(rawValue: 255))]),
    ("Shop:Order+*", [spec("Shop")]),
    ("shop:stock", [spec("Shop", 2)]),
    ("Later:Some+0X20:*", [spec("Later", 0x20, names: ["Some"], level: Level(rawValue: 255))]),
  ])
  func reads(text: String, expected: [ProviderSpec]) throws {
    #expect(try Self.parse(text) == expected)
  }

  @Test(arguments: [
    ("", ProviderSpecError.empty(spec: "")),
    ("GC,,JIT", .empty(spec: "")),
    (":GC", .empty(spec: ":GC")),
    ("Shop:Order+:4", .empty(spec: "Shop:Order+:4")),
    ("Shop:Order:4:5", .tooManyParts(spec: "Shop:Order:4:5")),
    ("Shop:*:loud", .unknownLevel("loud", spec: "Shop:*:loud")),
    ("Shop:*:256", .unknownLevel("256", spec: "Shop:*:256")),
    ("Shop:0xgg", .badNumber("0xgg", spec: "Shop:0xgg")),
    (
      "Shop:0x1ffffffffffffffff",
      .badNumber("0x1ffffffffffffffff", spec: "Shop:0x1ffffffffffffffff")
    ),
    ("GC:JIT", .keywordAsProvider("GC", spec: "GC:JIT")),
    (
      "Shop:Ordre",
      .unknownKeyword("Ordre", provider: "Shop", nearest: ["Order"], known: ["Order", "Stock"])
    ),
  ])
  func refuses(text: String, expected: ProviderSpecError) {
    #expect(throws: expected) { try Self.parse(text) }
    #expect(!expected.description.isEmpty)
  }

  @Test func stacks() throws {
    let parsed = try StackSpec.parse(
      "*,GC,Shop,Shop/OrderPlaced,Later/7,Later:Made", known: [Self.shop])
    #expect(
      parsed == [
        StackSpec(),
        StackSpec(
          provider: "Runtime", keywords: KeywordSelection(mask: RuntimeSchema.Keyword.gc)),
        StackSpec(provider: "Shop"),
        StackSpec(provider: "Shop", events: .only([.name("OrderPlaced")])),
        StackSpec(provider: "Later", events: .only([.id(7)])),
        StackSpec(provider: "Later", events: .only([.name("Made")])),
      ])
    #expect(
      throws: ProviderSpecError.unknownEvent(
        "OrderPlced", provider: "Shop", nearest: ["OrderPlaced"])
    ) { try StackSpec.parse("Shop/OrderPlced", known: [Self.shop]) }
  }
}
