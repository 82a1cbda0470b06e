public import TraceEvents

/// Event types chosen by name: `Runtime`, `GC*`, `Runtime/MethodLoad`; `*` stands for any
/// characters, and case does not matter.
public struct EventPatterns: Sendable {
  /// A pattern that matches nothing, and the names that it could have matched.
  public struct Unknown: Hashable, Sendable {
    /// "provider" or "event".
    public var kind: String
    public var pattern: String
    public var candidates: [String]
  }

  public var providers: [String]
  public var events: [String]

  /// Creates patterns from comma-separated lists. Empty lists admit every type.
  public init(providers: [String] = [], events: [String] = []) {
    self.providers = providers.flatMap { $0.split(separator: ",").map(String.init) }
    self.events = events.flatMap { $0.split(separator: ",").map(String.init) }
  }

  /// Returns whether events of this type are chosen.
  public func admits(_ schema: EventSchema) -> Bool {
    let isProvider = providers.isEmpty || providers.contains { matchesName($0, schema.provider) }
    return isProvider && (events.isEmpty || events.contains { isEvent($0, schema) })
  }

  private func isEvent(_ pattern: String, _ schema: EventSchema) -> Bool {
    matchesName(pattern, schema.name)
      || matchesName(pattern, "\(schema.provider)/\(schema.name)")
  }

  /// Returns the first pattern that matches none of `schemas`; nil if each matches at least one.
  public func unknown(among schemas: [EventSchema]) -> Unknown? {
    for provider in providers
    where !schemas.contains(where: { matchesName(provider, $0.provider) }) {
      return Unknown(kind: "provider", pattern: provider, candidates: schemas.map(\.provider))
    }
    for event in events where !schemas.contains(where: { isEvent(event, $0) }) {
      let names = schemas.map(\.name) + schemas.map { "\($0.provider)/\($0.name)" }
      return Unknown(kind: "event", pattern: event, candidates: names)
    }
    return nil
  }
}

/// Processes chosen by id or by program name: `1234`, `node`, `no*`.
public struct ProcessPatterns: Sendable {
  private let patterns: [String]

  /// Creates patterns from comma-separated lists.
  public init(_ texts: [String]) {
    patterns = texts.flatMap { $0.split(separator: ",").map(String.init) }
  }

  public var isEmpty: Bool { patterns.isEmpty }

  /// Returns whether the process is chosen.
  public func admits(_ process: ResolvedProcess) -> Bool {
    patterns.contains { pattern in
      UInt32(pattern) == process.pid || matchesName(pattern, process.name)
    }
  }
}

/// Returns whether `name` matches `pattern`, ignoring case; `*` stands for any characters.
func matchesName(_ pattern: String, _ name: String) -> Bool {
  let pattern = Array(pattern.lowercased())
  let name = Array(name.lowercased())
  var p = 0
  var n = 0
  var star: (pattern: Int, name: Int)?
  while n < name.count {
    if p < pattern.count, pattern[p] == "*" {
      star = (p, n)
      p += 1
    } else if p < pattern.count, pattern[p] == name[n] {
      p += 1
      n += 1
    } else if let last = star {
      star = (last.pattern, last.name + 1)
      p = last.pattern + 1
      n = last.name + 1
    } else {
      return false
    }
  }
  return pattern[p...].allSatisfy { $0 == "*" }
}
