import TraceEvents
import TraceFormat

/// What a session asks of .NET runtimes, and which of their events it keeps.
struct DotNetSelection: Sendable {
  /// A provider in the runtime's terms.
  struct Provider: Hashable, Sendable {
    var name: String
    var keywords: UInt64
    var level: UInt32
  }

  static let runtime = "Microsoft-Windows-DotNETRuntime"
  static let rundown = "Microsoft-Windows-DotNETRuntimeRundown"

  /// The keywords of the runtime that its own tools ask for if none are given. All keywords would
  /// also dump the heap.
  private static let usualKeywords: UInt64 = 0x14_c14f_ccbd
  /// Methods compiled while the program runs (JIT), and those compiled before (NGen).
  private static let namingKeywords: UInt64 = 0x30
  /// The runtime's keywords; those above are this product's.
  private static let runtimeKeywords: UInt64 = 0xffff_ffff_ffff

  private let specs: [ProviderSpec]
  private let stacks: [StackSpec]
  /// Whether addresses of samples or stacks need names.
  private let namesCode: Bool
  /// Whether samples of the runtime's own profiler count as CPU samples.
  let takesSamples: Bool
  let providers: [Provider]

  /// Nil if the session wants nothing of .NET runtimes.
  init?(_ configuration: SessionConfiguration) {
    specs = configuration.providers
    stacks = configuration.stacks
    namesCode =
      configuration.cpuSampling != nil || !stacks.isEmpty || configuration.switchStacks
    takesSamples = configuration.cpuSampling == nil
    var providers: [Provider] = []
    for spec in specs {
      guard let provider = Self.provider(spec) else { continue }
      Self.add(provider, to: &providers)
    }
    if namesCode {
      Self.add(
        Provider(name: Self.runtime, keywords: Self.namingKeywords, level: 4), to: &providers)
    }
    guard !providers.isEmpty else { return nil }
    self.providers = providers
  }

  /// Whether any events have stacks.
  var wantsStacks: Bool { !stacks.isEmpty }

  private static func add(_ provider: Provider, to providers: inout [Provider]) {
    let known = providers.firstIndex { StackSpec.isSame($0.name, provider.name) }
    guard let known else { return providers.append(provider) }
    providers[known].keywords |= provider.keywords
    providers[known].level = max(providers[known].level, provider.level)
  }

  /// Nil if no runtime has such events.
  private static func provider(_ spec: ProviderSpec) -> Provider? {
    let level = spec.level.rawValue
    var provider = Provider(
      name: spec.name, keywords: .max, level: level == 0 || level > 5 ? 5 : UInt32(level))
    switch spec.name {
    case ProviderSpec.everyProvider:
      (provider.name, provider.keywords) = (runtime, usualKeywords)
    case RuntimeSchema.providerName:
      provider.name = runtime
      let mask = spec.keywords.mask(for: ProviderSpec.builtIn[0]).rawValue & runtimeKeywords
      guard spec.keywords == .all || mask != 0 else { return nil }
      provider.keywords = spec.keywords == .all ? usualKeywords : withNames(mask)
    case HeapSchema.providerName, LockSchema.providerName, SystemSchema.providerName: return nil
    default:
      let mask = spec.keywords.mask(for: DotNetKeywords.schema(spec.name)).rawValue
      if spec.keywords != .all {
        provider.keywords = mask
      } else if StackSpec.isSame(spec.name, runtime) {
        provider.keywords = usualKeywords
      }
    }
    return provider
  }

  /// Compiled methods include those that were compiled before.
  private static func withNames(_ mask: UInt64) -> UInt64 {
    mask & 0x10 == 0 ? mask : mask | namingKeywords
  }

  // MARK: Events

  /// Whether events of a type are kept, and whether their stacks are.
  func admits(_ schema: EventSchema) -> (event: Bool, stack: Bool) {
    let provider = ProviderSchema(
      name: schema.provider, keywords: DotNetKeywords.schema(schema.provider).keywords, events: [])
    guard admitsEvent(schema, provider) else { return (false, false) }
    return (true, stacks.contains { $0.admits(schema, of: provider) })
  }

  private func admitsEvent(_ schema: EventSchema, _ provider: ProviderSchema) -> Bool {
    switch schema.provider {
    case RuntimeSchema.providerName where namesCode && Self.names.contains(schema.id): true
    case RuntimeSchema.providerName, Self.runtime:
      specs.contains { spec in
        if StackSpec.isSame(spec.name, Self.runtime) {
          return spec.admits(schema, of: DotNetKeywords.schema(Self.runtime))
        }
        let isOwn = [RuntimeSchema.providerName, ProviderSpec.everyProvider].contains(spec.name)
        return isOwn && spec.admits(schema, of: ProviderSpec.builtIn[0])
      }
    // What the runtime adds to each session.
    case Self.rundown, "Microsoft-DotNETCore-EventPipe":
      specs.contains { StackSpec.isSame($0.name, schema.provider) }
    default:
      specs.contains {
        $0.name == ProviderSpec.everyProvider || StackSpec.isSame($0.name, schema.provider)
      }
    }
  }

  /// The events that name code.
  private static let names: Set<UInt16> = [
    MethodLoad.eventID, MethodUnload.eventID, MethodILToNativeMap.eventID,
  ]
}

/// The names of the .NET runtime's keywords.
enum DotNetKeywords {
  /// The keywords of a provider; none if it is not the runtime.
  static func schema(_ provider: String) -> ProviderSchema {
    let isRuntime = StackSpec.isSame(provider, DotNetSelection.runtime)
    let isOwn = provider == RuntimeSchema.providerName
    return ProviderSchema(
      name: provider, keywords: isRuntime ? runtime : isOwn ? RuntimeSchema.keywords : [],
      events: [])
  }

  private static let runtime: [KeywordSchema] = [
    ("GC", 0x1), ("GCHandle", 0x2), ("Binder", 0x4), ("Loader", 0x8), ("JIT", 0x10),
    ("NGen", 0x20), ("Interop", 0x2000), ("Contention", 0x4000), ("Exception", 0x8000),
    ("Threading", 0x1_0000), ("JittedMethodILToNativeMap", 0x2_0000), ("Type", 0x8_0000),
    ("GCHeapDump", 0x10_0000), ("GCHeapSurvivalAndMovement", 0x40_0000),
    ("GCHeapCollect", 0x80_0000), ("GCHeapAndTypeNames", 0x100_0000), ("Stack", 0x4000_0000),
    ("ThreadTransfer", 0x8000_0000), ("Monitoring", 0x2_0000_0000),
    ("CodeSymbols", 0x4_0000_0000), ("Compilation", 0x10_0000_0000),
    ("CompilationDiagnostic", 0x20_0000_0000), ("MethodDiagnostic", 0x40_0000_0000),
    ("TypeDiagnostic", 0x80_0000_0000), ("WaitHandle", 0x400_0000_0000),
    ("AllocationSampling", 0x800_0000_0000),
  ].map { KeywordSchema($0.0, Keywords(rawValue: $0.1)) }
}
