public import TraceEvents

/// Keywords as bits, names, or both. Names are converted to bits when the provider's keyword names
/// are known.
public struct KeywordSelection: Hashable, Sendable {
  public var mask: Keywords
  public var names: [String]

  public init(mask: Keywords = [], names: [String] = []) {
    self.mask = mask
    self.names = names
  }

  /// All events: ETW's "match any" of zero.
  public static let all = KeywordSelection()

  /// Returns the bits; unknown names add none.
  func mask(for provider: ProviderSchema) -> Keywords {
    names.reduce(mask) { $0.union(provider.keywords(named: $1) ?? []) }
  }

  func unknownNames(for provider: ProviderSchema) -> [String] {
    names.filter { provider.keywords(named: $0) == nil }
  }
}

extension ProviderSchema {
  /// The bits of a keyword, found by name without regard to case.
  func keywords(named name: String) -> Keywords? {
    keywords.first { $0.name.lowercased() == name.lowercased() }?.keywords
  }
}

/// A session's selection of events of one provider.
public struct ProviderSpec: Hashable, Sendable {
  /// The name that denotes every provider. A provider's specific specification takes precedence.
  public static let everyProvider = "*"

  public var name: String
  /// An event passes if it has at least one of these keywords, or has no keywords.
  public var keywords: KeywordSelection
  /// Further keywords, all of which are required; checked only if `keywords` is not empty.
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

  /// The corresponding ETW filter, for a provider whose keywords are known.
  ///
  /// Unknown keyword names must not widen the filter: a selection that contains only unknown names
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
