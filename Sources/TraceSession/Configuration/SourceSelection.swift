public import TraceEvents

/// The selection expressed by a list such as `CPU,GC,JIT,Shop:Order`: kernel sources and programs'
/// providers.
public struct SourceSelection: Hashable, Sendable {
  public var providers: [ProviderSpec]
  public var cpuSampling: CPUSampling?
  public var contextSwitches: Bool
  public var systemCounters: CounterSampling?
  /// Mean number of bytes between the samples of heap allocations; nil if none are to be taken.
  public var heapInterval_bytes: Int?
  /// Waits for locks that took less are sampled; nil if none are to be measured.
  public var lockThreshold_ns: UInt64?

  /// The names in a list that do not denote providers.
  public static let sourceNames = ["CPU", "ContextSwitch", "SystemCounters"]

  public init(
    providers: [ProviderSpec] = [], cpuSampling: CPUSampling? = nil, contextSwitches: Bool = false,
    systemCounters: CounterSampling? = nil
  ) {
    self.systemCounters = systemCounters
    self.providers = providers
    self.cpuSampling = cpuSampling
    self.contextSwitches = contextSwitches
  }

  /// Parses `CPU[:rate]` (samples per second), `ContextSwitch`, `SystemCounters[:interval]`, and
  /// everything that ``ProviderSpec/parse(_:known:)`` accepts, separated by commas. `CPU` and
  /// `SystemCounters` may be repeated, but not with a different rate or interval.
  public static func parse(
    _ text: String, known: [ProviderSchema] = []
  ) throws(ProviderSpecError) -> SourceSelection {
    var selection = SourceSelection()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      if try selection.takeSource(part.trimmed, known) { continue }
      if selection.takeHeap(part.trimmed) || selection.takeLock(part.trimmed) { continue }
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
    case "systemcounters":
      let interval =
        parts.count == 1 ? CounterSampling.intervalUsual_ns : CounterSampling.interval(parts[1])
      guard let interval, parts.count <= 2 else { throw .badInterval(text) }
      if let other = systemCounters?.interval_ns, other != interval { throw .twoIntervals(text) }
      systemCounters = CounterSampling(interval_ns: interval)
    default: return false
    }
    return true
  }

  /// `Heap` or `Heap:64K`. Other parts after the name are a provider's keywords and level.
  private mutating func takeHeap(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { $0.trimmed }
    guard parts[0].lowercased() == HeapSchema.providerName.lowercased(), parts.count <= 2,
      let interval = parts.count == 1 ? HeapSchema.intervalUsual_bytes : Self.bytes(parts[1])
    else { return false }
    heapInterval_bytes = interval
    providers.append(ProviderSpec(name: HeapSchema.providerName))
    return true
  }

  /// `Lock` or `Lock:50us`. Other parts after the name are a provider's keywords and level.
  private mutating func takeLock(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { $0.trimmed }
    guard parts[0].lowercased() == LockSchema.providerName.lowercased(), parts.count <= 2,
      let threshold = parts.count == 1 ? LockSchema.thresholdUsual_ns : Self.duration(parts[1])
    else { return false }
    lockThreshold_ns = threshold
    providers.append(ProviderSpec(name: LockSchema.providerName))
    return true
  }

  /// `0`, `500ns`, `50us`, `1ms`; in nanoseconds.
  private static func duration(_ text: String) -> UInt64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let units: [String: UInt64] = ["ns": 1, "us": 1000, "ms": 1_000_000, "s": 1_000_000_000]
    guard let number = UInt64(digits), number <= 1_000_000 else { return nil }
    if number == 0, digits.count == text.count { return 0 }
    return units[text.dropFirst(digits.count).lowercased()].map { number * $0 }
  }

  /// `4096`, `64K`, `1M`.
  private static func bytes(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let units = ["": 0, "b": 0, "k": 10, "kb": 10, "m": 20, "mb": 20]
    guard let number = Int(digits), (1...1 << 30).contains(number),
      let shift = units[text.dropFirst(digits.count).lowercased()]
    else { return nil }
    return number << shift
  }
}
