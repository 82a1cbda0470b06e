import TraceEvents

/// The provider that managed runtimes share; its events are in TraceEvents/Runtime.
public enum Runtime {
  public static let provider = Provider("Runtime") {
    ProviderDescription(keywords: RuntimeSchema.keywords, events: RuntimeSchema.eventTypes)
  }
}
