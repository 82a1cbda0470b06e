import TraceControl
import TraceEvents

/// A session's selection for each provider, and its consequences for one provider of one process.
struct EnableTable {
  /// By the provider's name in lower case: names match without regard to case.
  private var specs: [String: [ProviderSpec]] = [:]
  private(set) var stacks: [StackSpec]

  /// Specifications of the same provider are combined: `GC,JIT` is two specifications of Runtime.
  init(_ specs: [ProviderSpec], stacks: [StackSpec]) {
    self.stacks = stacks
    for spec in specs { self.specs[spec.name.lowercased(), default: []].append(spec) }
  }

  /// Enabling a provider again replaces its previous specifications.
  mutating func enable(_ specs: [ProviderSpec]) {
    for name in Set(specs.map { $0.name.lowercased() }) {
      self.specs[name] = specs.filter { $0.name.lowercased() == name }
    }
  }

  mutating func disable(_ provider: String) { specs[provider.lowercased()] = nil }

  struct Wanted {
    /// The union of the specifications, shown to the provider's owner.
    var filter: EnableFilter
    /// The provider's enabled events.
    var events: [(schema: EventSchema, captureStack: Bool)]
    /// Selected items that do not exist.
    var problems: [String]
  }

  /// Nil if the provider is not enabled.
  func wanted(of provider: ProviderSchema) -> Wanted? {
    guard
      let specs = specs[provider.name.lowercased()] ?? specs[ProviderSpec.everyProvider]
    else { return nil }
    let asked = provider.events.filter { event in
      specs.contains { $0.admits(event, of: provider) }
    }
    let takesStacks = asked.contains { event in
      stacks.contains { $0.admits(event, of: provider) }
    }
    let events = provider.events.filter { event in
      asked.contains(event) || takesStacks && Self.namesFrames(event)
    }
    return Wanted(
      filter: Self.union(specs, provider),
      events: events.map { event in
        (event, stacks.contains { $0.admits(event, of: provider) })
      },
      problems: specs.flatMap { Self.problems($0, provider) }
        + stacks.flatMap { Self.problems($0, provider, asked) })
  }

  /// Whether stacks of the Runtime provider's events need this event for names and lines: a runtime
  /// that supplies stacks uses it to announce the methods in them. The filter is not widened, so
  /// runtimes do not start to announce every compiled method.
  private static func namesFrames(_ event: EventSchema) -> Bool {
    guard event.provider == RuntimeSchema.providerName else { return false }
    return [MethodLoad.eventID, MethodUnload.eventID, MethodILToNativeMap.eventID]
      .contains(event.id)
  }

  private static func union(_ specs: [ProviderSpec], _ provider: ProviderSchema) -> EnableFilter {
    let filters = specs.compactMap { $0.filter(for: provider) }
    let everyLevel = specs.contains { $0.level.rawValue == 0 || $0.level.rawValue == 255 }
    let level =
      everyLevel ? Level(rawValue: 255) : specs.map(\.level).max() ?? .verbose
    let any =
      filters.contains { $0.any.isEmpty }
      ? Keywords() : filters.reduce(Keywords()) { $0.union($1.any) }
    return EnableFilter(level: level, any: any, all: filters.count == 1 ? filters[0].all : [])
  }

  private static func problems(_ spec: ProviderSpec, _ provider: ProviderSchema) -> [String] {
    // Not every provider has everything that is selected for all providers.
    if spec.name == ProviderSpec.everyProvider { return [] }
    return unknown(spec.keywords, spec.events, provider)
  }

  private static func problems(
    _ spec: StackSpec, _ provider: ProviderSchema, _ asked: [EventSchema]
  ) -> [String] {
    guard let name = spec.provider, StackSpec.isSame(name, provider.name) else { return [] }
    let unknown = unknown(spec.keywords, spec.events, provider)
    if !unknown.isEmpty || asked.contains(where: { spec.admits($0, of: provider) }) {
      return unknown
    }
    return ["none of the events of provider \(provider.name) that shall have stacks is enabled"]
  }

  private static func unknown(
    _ keywords: KeywordSelection, _ events: EventFilter, _ provider: ProviderSchema
  ) -> [String] {
    let names = provider.keywords.map(\.name)
    let keywords = keywords.unknownNames(for: provider).map { name in
      ProviderSpecError.unknownKeyword(
        name, provider: provider.name, nearest: NearestName.suggestions(for: name, among: names),
        known: names
      ).description
    }
    let events = events.unmatched(in: provider.events).map { selector in
      switch selector {
      case .id(let id): "provider \(provider.name) has no event with id \(id)"
      case .name(let name):
        ProviderSpecError.unknownEvent(
          name, provider: provider.name,
          nearest: NearestName.suggestions(for: name, among: provider.events.map(\.name))
        ).description
      }
    }
    return keywords + events
  }
}
