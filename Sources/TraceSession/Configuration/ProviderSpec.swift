public import TraceEvents

/// Keywords by bits, by name, or both. Names become bits once the provider's own names are known.
public struct KeywordSelection: Hashable, Sendable {
  public var mask: Keywords
  public var names: [String]

  public init(mask: Keywords = [], names: [String] = []) {
    self.mask = mask
    self.names = names
  }

  /// Every event: ETW's "match any" of zero.
  public static let all = KeywordSelection()

  /// The bits; names that the provider does not have add none.
  func mask(for provider: ProviderSchema) -> Keywords {
    names.reduce(mask) { $0.union(provider.keywords(named: $1) ?? []) }
  }

  func unknownNames(for provider: ProviderSchema) -> [String] {
    names.filter { provider.keywords(named: $0) == nil }
  }
}

extension ProviderSchema {
  /// The bits of a keyword, its name compared without regard to case.
  func keywords(named name: String) -> Keywords? {
    keywords.first { $0.name.lowercased() == name.lowercased() }?.keywords
  }
}

/// What a session wants of one provider.
public struct ProviderSpec: Hashable, Sendable {
  /// The name that stands for every provider; a specification of its own goes before it.
  public static let everyProvider = "*"

  public var name: String
  /// An event passes when it has one of these (or none at all).
  public var keywords: KeywordSelection
  /// Further keywords that it must all have; consulted only where `keywords` says something.
  public var allKeywords: Keywords
  public var level: Level
  public var events: EventFilter

  public init(
    name: String, keywords: KeywordSelection = .all, allKeywords: Keywords = [],
    level: Level = .verbose, events: EventFilter = .all
  ) {
    self.name = name
    self.keywords = keywords
    self.allKeywords = allKeywords
    self.level = level
    self.events = events
  }

  /// The filter in ETW's terms, for a provider whose keywords are known.
  ///
  /// Names that the provider does not have must not widen it: a selection of which nothing is left
  /// admits only events without keywords.
  func filter(for provider: ProviderSchema) -> EnableFilter? {
    let any = keywords.mask(for: provider)
    if any.isEmpty, keywords != .all { return nil }
    return EnableFilter(level: level, any: any, all: allKeywords)
  }

  func admits(_ event: EventSchema, of provider: ProviderSchema) -> Bool {
    guard events.admits(event) else { return false }
    guard let filter = filter(for: provider) else {
      return event.keywords.isEmpty
        && EnableFilter(level: level).admits(level: event.level, keywords: [])
    }
    return filter.admits(level: event.level, keywords: event.keywords)
  }
}
