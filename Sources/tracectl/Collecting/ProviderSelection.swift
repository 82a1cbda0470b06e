import TraceEvents
import TraceExport
import TraceSession

/// The providers that a user selected, parsed and checked.
struct ProviderSelection {
  /// How long to collect the providers of running processes if a name is not known.
  static let questionTime = Duration.milliseconds(200)

  private let text: String

  /// Creates a selection from comma-separated lists, given once or several times.
  init(_ lists: [String]) { text = lists.joined(separator: ",") }

  /// - Parameter startsCommand: whether the programs do not run yet.
  func sources(startsCommand: Bool) throws(Failure) -> SourceSelection {
    guard !text.isEmpty else {
      throw Failure(
        .usage, "no providers were given",
        next: "add -providers, for example -providers CPU,GC,JIT; "
          + "'tracectl providers' lists what running programs have")
    }
    let sources = try parsed(known: [])
    let unknown = sources.providers.map(\.name).filter { name in
      name != ProviderSpec.everyProvider && name != HeapSchema.providerName
        && name != LockSchema.providerName && !DotNetDirectory.isRuntime(name)
        && !ProviderSpec.builtIn.contains { $0.name == name }
    }
    if unknown.isEmpty { return sources }
    let running = startsCommand ? [] : Self.runningProviders()
    try check(unknown, running: running, startsCommand: startsCommand)
    return try parsed(known: running)
  }

  /// Sets the events of a session that have stacks; each part must apply to some of them.
  func addStacks(to configuration: inout SessionConfiguration) throws(Failure) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let others = parts.filter { $0.lowercased() != "contextswitch" }
    if others.count < parts.count {
      guard configuration.contextSwitches else {
        throw Failure(
          .usage, "-stacks has 'ContextSwitch', which -providers does not collect",
          next: "add it to -providers, or remove it from -stacks")
      }
      configuration.switchStacks = true
    }
    configuration.stacks += try ProviderSelection(others.map(String.init))
      .stackSpecs(of: configuration)
  }

  private func stackSpecs(
    of configuration: SessionConfiguration
  ) throws(Failure) -> [StackSpec] {
    guard !text.isEmpty else { return [] }
    let specs: [StackSpec]
    do {
      specs = try StackSpec.parse(text)
    } catch {
      throw Failure(.usage, error.description)
    }
    for (spec, name) in zip(specs, text.split(separator: ",")) {
      try check(spec, called: String(name), in: configuration.providers)
    }
    return specs
  }

  private func check(
    _ spec: StackSpec, called name: String, in providers: [ProviderSpec]
  ) throws(Failure) {
    if name.lowercased() == "cpu" {
      throw Failure(.usage, "CPU samples always have stacks", next: "remove CPU from -stacks")
    }
    guard !providers.isEmpty else {
      throw Failure(
        .usage, "-stacks applies to events of programs, and -providers has none",
        next: "add providers to -providers, or omit -stacks")
    }
    guard let provider = spec.provider else { return }
    let chosen = providers.filter {
      $0.name == ProviderSpec.everyProvider || $0.name.lowercased() == provider.lowercased()
    }
    let isChosen = chosen.contains { candidate in
      // Keyword names that only a program knows are checked by the session.
      spec.keywords == .all || candidate.keywords == .all || !candidate.keywords.names.isEmpty
        || !candidate.keywords.mask.isDisjoint(with: spec.keywords.mask)
    }
    guard isChosen else {
      throw Failure(
        .usage, "-stacks has '\(name)', which -providers does not collect",
        next: "add it to -providers, or remove it from -stacks")
    }
  }

  private func parsed(known: [ProviderSchema]) throws(Failure) -> SourceSelection {
    do {
      return try SourceSelection.parse(text, known: known)
    } catch {
      throw Failure(.usage, error.description)
    }
  }

  /// Accepts unknown names, because their programs may start later, except those that look like
  /// typing errors.
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
            + "For a provider that does not run yet, write '\(name):*'")
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
