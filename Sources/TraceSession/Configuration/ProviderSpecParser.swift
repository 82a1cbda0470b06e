public import TraceEvents

extension ProviderSpec {
  /// Providers that are known without querying a process.
  public static let builtIn: [ProviderSchema] = [
    ProviderSchema(
      name: RuntimeSchema.providerName, keywords: RuntimeSchema.keywords,
      events: RuntimeSchema.eventTypes.map { $0.schema })
  ]

  /// Parses a list such as `GC,JIT,Shop:Order+0x10:Warning`.
  ///
  /// - `GC`: a keyword of the Runtime provider; `GC::Level` with a level.
  /// - `Name[:Keywords[:Level]]`: keywords are names or hexadecimal numbers joined by `+`, or `*`.
  /// - `*` as the name: every provider without a specific specification.
  /// - An unknown provider is accepted, because it may appear later. The names of its keywords are
  ///   checked then.
  ///
  /// `known` are further providers whose keywords are known, in addition to ``builtIn``.
  public static func parse(
    _ text: String, known: [ProviderSchema] = []
  ) throws(ProviderSpecError) -> [ProviderSpec] {
    var specs: [ProviderSpec] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      specs.append(try parseOne(part.trimmed, known: builtIn + known))
    }
    return specs
  }

  private static func parseOne(
    _ text: String, known: [ProviderSchema]
  ) throws(ProviderSpecError) -> ProviderSpec {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { $0.trimmed }
    guard parts.count <= 3 else { throw .tooManyParts(spec: text) }
    guard !parts[0].isEmpty else { throw .empty(spec: text) }
    let level = try parseLevel(parts.count > 2 ? parts[2] : "", spec: text)
    let keywords = parts.count > 1 ? parts[1] : ""
    if let shorthand = shorthand(parts[0], known) {
      guard keywords.isEmpty else { throw .keywordAsProvider(parts[0], spec: text) }
      return ProviderSpec(
        name: RuntimeSchema.providerName, keywords: KeywordSelection(mask: shorthand),
        level: level)
    }
    // Provider names match without regard to case; the provider's own spelling is used.
    let schema = known.first { $0.name.lowercased() == parts[0].lowercased() }
    let selection = try KeywordSelection.parse(
      keywords, spec: text, provider: schema)
    return ProviderSpec(name: schema?.name ?? parts[0], keywords: selection, level: level)
  }

  private static func parseLevel(
    _ text: String, spec: String
  ) throws(ProviderSpecError) -> Level {
    if text.isEmpty { return .verbose }
    if text == "*" { return Level(rawValue: 255) }
    guard let level = Level(name: text) else { throw .unknownLevel(text, spec: spec) }
    return level
  }

  /// The Runtime keyword with this name, unless a provider has this name.
  fileprivate static func shorthand(_ name: String, _ known: [ProviderSchema]) -> Keywords? {
    guard !known.contains(where: { $0.name == name }) else { return nil }
    return builtIn[0].keywords(named: name)
  }
}

extension KeywordSelection {
  static func parse(
    _ text: String, spec: String, provider: ProviderSchema?
  ) throws(ProviderSpecError) -> KeywordSelection {
    if text.isEmpty || text == "*" { return .all }
    var selection = KeywordSelection()
    for part in text.split(separator: "+", omittingEmptySubsequences: false) {
      let name = part.trimmed
      if name == "*" { return .all }
      if name.lowercased().hasPrefix("0x") {
        guard let bits = UInt64(name.dropFirst(2), radix: 16) else {
          throw .badNumber(name, spec: spec)
        }
        selection.mask.formUnion(Keywords(rawValue: bits))
        continue
      }
      guard !name.isEmpty else { throw .empty(spec: spec) }
      guard let provider else {
        selection.names.append(name)
        continue
      }
      selection.mask.formUnion(try provider.requireKeywords(named: name))
    }
    return selection
  }
}

extension ProviderSchema {
  fileprivate func requireKeywords(named name: String) throws(ProviderSpecError) -> Keywords {
    if let bits = keywords(named: name) { return bits }
    let names = keywords.map(\.name)
    throw .unknownKeyword(
      name, provider: self.name, nearest: NearestName.suggestions(for: name, among: names),
      known: names)
  }
}

extension StackSpec {
  /// Parses a list such as `*`, `GC,Shop` or `Shop/OrderPlaced,Runtime:GCStart,Runtime/1`.
  public static func parse(
    _ text: String, known: [ProviderSchema] = []
  ) throws(ProviderSpecError) -> [StackSpec] {
    var specs: [StackSpec] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      specs.append(try parseOne(part.trimmed, known: ProviderSpec.builtIn + known))
    }
    return specs
  }

  private static func parseOne(
    _ text: String, known: [ProviderSchema]
  ) throws(ProviderSpecError) -> StackSpec {
    if text == "*" { return StackSpec() }
    let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { "/:".contains($0) }
      .map { $0.trimmed }
    guard !parts[0].isEmpty, parts.last?.isEmpty == false else { throw .empty(spec: text) }
    if parts.count == 1, let shorthand = ProviderSpec.shorthand(parts[0], known) {
      return StackSpec(
        provider: RuntimeSchema.providerName, keywords: KeywordSelection(mask: shorthand))
    }
    let schema = known.first { $0.name.lowercased() == parts[0].lowercased() }
    let name = schema?.name ?? parts[0]
    guard parts.count > 1, parts[1] != "*" else { return StackSpec(provider: name) }
    let selector = EventSelector(parts[1])
    if let schema, !schema.events.contains(where: selector.matches) {
      throw .unknownEvent(
        parts[1], provider: name,
        nearest: NearestName.suggestions(for: parts[1], among: schema.events.map(\.name)))
    }
    return StackSpec(provider: name, events: .only([selector]))
  }
}

extension StringProtocol {
  /// The text without leading and trailing white space.
  var trimmed: String {
    var rest = self[...]
    while rest.first?.isWhitespace == true { rest.removeFirst() }
    while rest.last?.isWhitespace == true { rest.removeLast() }
    return String(rest)
  }
}
