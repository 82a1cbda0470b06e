import TraceEvents

/// A user's reference to one event type of a provider.
public enum EventSelector: Hashable, Sendable {
  case id(UInt16)
  /// Compared without regard to case.
  case name(String)

  /// A number is an id; any other text is a name.
  public init(_ text: String) {
    if let id = UInt16(text) { self = .id(id) } else { self = .name(text) }
  }

  func matches(_ schema: EventSchema) -> Bool {
    switch self {
    case .id(let id): schema.id == id
    case .name(let name): schema.name.lowercased() == name.lowercased()
    }
  }
}

/// A filter for a provider's events, in addition to level and keywords.
public enum EventFilter: Hashable, Sendable {
  case all
  case only([EventSelector])
  case except([EventSelector])

  func admits(_ schema: EventSchema) -> Bool {
    switch self {
    case .all: true
    case .only(let selectors): selectors.contains { $0.matches(schema) }
    case .except(let selectors): !selectors.contains { $0.matches(schema) }
    }
  }

  /// Selectors that match none of these events: typing errors, or events of another version.
  func unmatched(in events: [EventSchema]) -> [EventSelector] {
    switch self {
    case .all: []
    case .only(let selectors), .except(let selectors):
      selectors.filter { selector in !events.contains { selector.matches($0) } }
    }
  }
}

/// The events for which stacks are recorded.
public struct StackSpec: Hashable, Sendable {
  /// The provider's name; nil for all providers.
  public var provider: String?
  /// Required keywords; empty admits all events.
  public var keywords: KeywordSelection
  public var events: EventFilter

  public init(
    provider: String? = nil, keywords: KeywordSelection = .all, events: EventFilter = .all
  ) {
    self.provider = provider
    self.keywords = keywords
    self.events = events
  }

  /// Whether two names denote the same provider.
  static func isSame(_ one: String, _ other: String) -> Bool {
    one.lowercased() == other.lowercased()
  }

  func admits(_ event: EventSchema, of provider: ProviderSchema) -> Bool {
    guard self.provider.map({ Self.isSame($0, provider.name) }) ?? true, events.admits(event) else {
      return false
    }
    let mask = keywords.mask(for: provider)
    return keywords == .all || !event.keywords.isDisjoint(with: mask)
  }
}
