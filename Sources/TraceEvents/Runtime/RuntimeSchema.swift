/// The provider that managed runtimes share. Where the .NET runtime has the same event, names,
/// keyword values, ids and fields are the same.
public enum RuntimeSchema {
  public static let providerName = "Runtime"

  /// The categories of events, with the CLR's bits.
  public enum Keyword {
    public static let gc = Keywords(rawValue: 0x1)
    /// Images (and symbols of code that no JIT announced).
    public static let loader = Keywords(rawValue: 0x8)
    public static let jit = Keywords(rawValue: 0x10)
    public static let exception = Keywords(rawValue: 0x8000)
    public static let jittedMethodILToNativeMap = Keywords(rawValue: 0x2_0000)
    /// Waits for locks.
    public static let contention = Keywords(rawValue: 0x4000)
    /// Method enter and leave. These are very many events; enable them only if needed.
    public static let method = Keywords(rawValue: 0x1_0000_0000_0000)
  }

  public static let keywords: [KeywordSchema] = [
    KeywordSchema("GC", Keyword.gc),
    KeywordSchema("Symbol", Keyword.loader),
    KeywordSchema("Loader", Keyword.loader),
    KeywordSchema("JIT", Keyword.jit),
    KeywordSchema("Exception", Keyword.exception),
    KeywordSchema("JittedMethodILToNativeMap", Keyword.jittedMethodILToNativeMap),
    KeywordSchema("Method", Keyword.method),
    KeywordSchema("Contention", Keyword.contention),
  ]

  /// Every event type of the provider, in order of id within each family.
  public static let eventTypes: [any TraceEvent.Type] =
    gcEventTypes + jitEventTypes + exceptionEventTypes + methodEventTypes + symbolEventTypes
    + contentionEventTypes + [GCHeapBefore.self]

  static func event<Event: ListedEvent>(
    _: Event.Type, _ name: String, _ level: Level, _ keywords: Keywords
  ) -> EventSchema {
    EventSchema(
      of: Event.self, provider: providerName, name: name, level: level, keywords: keywords)
  }
}
