public import TraceEvents

/// The selection expressed by a list such as `CPU,GC,JIT,Shop:Order`: kernel sources and programs'
/// providers.
public struct SourceSelection: Hashable, Sendable {
  public var providers: [ProviderSpec]
  public var cpuSampling: CPUSampling?
  public var contextSwitches: Bool

  /// The names in a list that do not denote providers.
  public static let sourceNames = ["CPU", "ContextSwitch"]

  public init(
    providers: [ProviderSpec] = [], cpuSampling: CPUSampling? = nil, contextSwitches: Bool = false
  ) {
    self.providers = providers
    self.cpuSampling = cpuSampling
    self.contextSwitches = contextSwitches
  }

  /// Parses `CPU[:rate]` (samples per second), `ContextSwitch`, and everything that
  /// ``ProviderSpec/parse(_:known:)`` accepts, separated by commas. `CPU` may be repeated, but not
  /// with a different rate.
  public static func parse(
    _ text: String, known: [ProviderSchema] = []
  ) throws(ProviderSpecError) -> SourceSelection {
    var selection = SourceSelection()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if try selection.takeSource(part.trimmed, known) { continue }
      selection.providers += try ProviderSpec.parse(String(part), known: known)
    }
    return selection
  }

  private mutating func takeSource(
    _ text: String, _ known: [ProviderSchema]
  ) throws(ProviderSpecError) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { $0.trimmed }
    let name = parts[0].lowercased()
    guard !known.contains(where: { $0.name.lowercased() == name }) else { return false }
    switch name {
    case "cpu":
      let rate = parts.count == 1 ? CPUSampling.rateUsual : UInt32(parts[1])
      guard let rate, parts.count <= 2, CPUSampling.rates.contains(rate) else {
        throw .badRate(text)
      }
      if let other = cpuSampling?.rate, other != rate { throw .twoRates(other, rate) }
      cpuSampling = CPUSampling(rate: rate)
    case "contextswitch":
      guard parts.count == 1 else { throw .sourceWithParts(parts[0], spec: text) }
      contextSwitches = true
    default: return false
    }
    return true
  }
}
