import TraceControl
import TraceEvents

/// What a session wants, provider by provider, and what that means for one provider of one process.
struct EnableTable {
  private var specs: [String: [ProviderSpec]] = [:]
  private(set) var stacks: [StackSpec]

  /// Specifications of one provider that are given together add up: `GC,JIT` is two of Runtime.
  init(_ specs: [ProviderSpec], stacks: [StackSpec]) {
    self.stacks = stacks
    for spec in specs { self.specs[spec.name, default: []].append(spec) }
  }

  /// Enabling again replaces what was asked of the provider before.
  mutating func enable(_ specs: [ProviderSpec]) {
    for name in Set(specs.map(\.name)) { self.specs[name] = specs.filter { $0.name == name } }
  }

  mutating func disable(_ provider: String) { specs[provider] = nil }

  var enabledNames: Set<String> { Set(specs.keys) }

  struct Wanted {
    /// For the provider's owner to see: the union of what was asked for.
    var filter: EnableFilter
    /// Those of the provider's events that are on.
    var events: [(schema: EventSchema, captureStack: Bool)]
    /// What was asked for and does not exist.
    var problems: [String]
  }

  /// Nil when the provider is not enabled.
  func wanted(of provider: ProviderSchema) -> Wanted? {
    guard let specs = specs[provider.name] ?? specs[ProviderSpec.everyProvider] else { return nil }
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
      problems: specs.flatMap { Self.problems($0, provider) })
  }

  /// Whether stacks of the Runtime provider's events need this one for their names and lines: a
  /// runtime that supplies stacks announces with it what is in them. The filter is not widened, so
  /// that nobody starts to announce every method that is compiled.
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
    // What is asked of every provider need not be had by each.
    if spec.name == ProviderSpec.everyProvider { return [] }
    let names = provider.keywords.map(\.name)
    let keywords = spec.keywords.unknownNames(for: provider).map { name in
      ProviderSpecError.unknownKeyword(
        name, provider: provider.name, nearest: NearestName.suggestions(for: name, among: names),
        known: names
      ).description
    }
    let events = spec.events.unmatched(in: provider.events).map { selector in
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
