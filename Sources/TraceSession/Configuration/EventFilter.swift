import TraceEvents

/// One event type of a provider, as a person calls it.
public enum EventSelector: Hashable, Sendable {
  case id(UInt16)
  /// Compared without regard to case.
  case name(String)

  /// A number is an id, anything else a name.
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

/// Which events of a provider, beyond level and keywords.
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

  /// Selectors that fit none of these events: typing errors, or events of another version.
  func unmatched(in events: [EventSchema]) -> [EventSelector] {
    switch self {
    case .all: []
    case .only(let selectors), .except(let selectors):
      selectors.filter { selector in !events.contains { selector.matches($0) } }
    }
  }
}

/// For which events stacks are taken.
public struct StackSpec: Hashable, Sendable {
  /// Nil: of every provider.
  public var provider: String?
  /// Empty: whatever their keywords.
  public var keywords: KeywordSelection
  public var events: EventFilter

  public init(
    provider: String? = nil, keywords: KeywordSelection = .all, events: EventFilter = .all
  ) {
    self.provider = provider
    self.keywords = keywords
    self.events = events
  }

  func admits(_ event: EventSchema, of provider: ProviderSchema) -> Bool {
    guard self.provider == nil || self.provider == provider.name, events.admits(event) else {
      return false
    }
    let mask = keywords.mask(for: provider)
    return keywords == .all || !event.keywords.isDisjoint(with: mask)
  }
}
