import TraceEvents
import TraceFormat
import TraceSession

/// Which events a reader asked for by name: `-provider Runtime`, `-event GC*,Runtime/MethodLoad`.
struct NamePatterns {
  var providers: [String]
  var events: [String]

  /// Lists separated by commas, given once or several times.
  init(providers: [String], events: [String]) {
    self.providers = providers.flatMap { $0.split(separator: ",").map(String.init) }
    self.events = events.flatMap { $0.split(separator: ",").map(String.init) }
  }

  func admits(_ schema: EventSchema) -> Bool {
    let isProvider = providers.isEmpty || providers.contains { matches($0, schema.provider) }
    return isProvider && (events.isEmpty || events.contains { isEvent($0, schema) })
  }

  private func isEvent(_ pattern: String, _ schema: EventSchema) -> Bool {
    matches(pattern, schema.name) || matches(pattern, "\(schema.provider)/\(schema.name)")
  }

  /// Throws when a name fits nothing among `schemas`: it was misspelt.
  func check(against schemas: [EventSchema], in path: String) throws(Failure) {
    for provider in providers where !schemas.contains(where: { matches(provider, $0.provider) }) {
      throw Self.unknown("provider", provider, in: path, among: schemas.map(\.provider))
    }
    for event in events where !schemas.contains(where: { isEvent(event, $0) }) {
      let names = schemas.map(\.name) + schemas.map { "\($0.provider)/\($0.name)" }
      throw Self.unknown("event", event, in: path, among: names)
    }
  }

  private static func unknown(
    _ kind: String, _ name: String, in path: String, among names: [String]
  ) -> Failure {
    let nearest = NearestName.suggestions(for: name, among: names)
    return Failure(
      .usage, "\(path) has no \(kind) '\(name)'",
      next: nearest.isEmpty
        ? "see 'tracectl info \(path)' for what it has" : "did you mean \(alternatives(nearest))?")
  }
}

/// Whether `name` fits `pattern`, in any case; `*` stands for any letters.
func matches(_ pattern: String, _ name: String) -> Bool {
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
