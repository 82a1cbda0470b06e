import TraceEvents
import TraceExport
import TraceSession

/// The providers that a person asked for, read and checked.
struct ProviderSelection {
  /// How long running processes are asked which providers they have, when a name is not known.
  static let questionTime = Duration.milliseconds(200)

  private let text: String

  /// Lists separated by commas, given once or several times.
  init(_ lists: [String]) { text = lists.joined(separator: ",") }

  /// `startsCommand`: the programs to ask do not run yet.
  func sources(startsCommand: Bool) throws(Failure) -> SourceSelection {
    guard !text.isEmpty else {
      throw Failure(
        .usage, "nothing to collect was named",
        next: "give -providers, for example -providers CPU,GC,JIT; "
          + "'tracectl providers' lists what running programs have")
    }
    let sources = try parsed(known: [])
    let unknown = sources.providers.map(\.name).filter { name in
      name != ProviderSpec.everyProvider && !ProviderSpec.builtIn.contains { $0.name == name }
    }
    if unknown.isEmpty { return sources }
    let running = startsCommand ? [] : Self.runningProviders()
    try check(unknown, running: running, startsCommand: startsCommand)
    return try parsed(known: running)
  }

  func stackSpecs() throws(Failure) -> [StackSpec] {
    guard !text.isEmpty else { return [] }
    do {
      return try StackSpec.parse(text)
    } catch {
      throw Failure(.usage, error.description)
    }
  }

  private func parsed(known: [ProviderSchema]) throws(Failure) -> SourceSelection {
    do {
      return try SourceSelection.parse(text, known: known)
    } catch {
      throw Failure(.usage, error.description)
    }
  }

  /// What nobody has may come later; what looks like a slip of the keyboard is asked about.
  private func check(
    _ unknown: [String], running: [ProviderSchema], startsCommand: Bool
  ) throws(Failure) {
    let keywords =
      SourceSelection.sourceNames
      + ProviderSpec.builtIn.flatMap { [$0.name] + $0.keywords.map(\.name) }
    for name in unknown
    where !running.contains(where: { $0.name.lowercased() == name.lowercased() }) {
      let isBare = text.split(separator: ",").contains { $0 == name }
      let nearest = NearestName.suggestions(for: name, among: keywords + running.map(\.name))
      if isBare, !nearest.isEmpty {
        throw Failure(
          .usage, "no provider or keyword '\(name)' is known",
          next: "did you mean \(alternatives(nearest))? "
            + "A provider that is to come is written '\(name):*'")
      }
      if !startsCommand {
        complain(
          escapedForTerminal(
            "tracectl: no running program has a provider '\(name)' yet; waiting for one"))
      }
    }
  }

  private static func runningProviders() -> [ProviderSchema] {
    let entries = (try? ProviderDirectory.collect(for: questionTime)) ?? []
    var byName: [String: ProviderSchema] = [:]
    for provider in entries.flatMap(\.providers) { byName[provider.name] = provider }
    return byName.values.sorted { $0.name < $1.name }
  }
}
