/// The events that a session itself records: CPU samples, context switches, processes, threads,
/// mapped images, code that a runtime announced through a file, and counters of the machine.
///
/// The process and thread of an event are in its header. Ids follow ETW's kernel events if an
/// equivalent exists.
public enum SystemSchema {
  public static let providerName = "System"

  /// The categories of events.
  public enum Keyword {
    public static let cpu = Keywords(rawValue: 0x1)
    public static let contextSwitch = Keywords(rawValue: 0x2)
    public static let process = Keywords(rawValue: 0x4)
    public static let thread = Keywords(rawValue: 0x8)
    public static let image = Keywords(rawValue: 0x10)
    /// Code announced by a jitdump file or a perf map.
    public static let code = Keywords(rawValue: 0x20)
    /// Counters of the machine, of traced processes and of their cgroups.
    public static let counters = Keywords(rawValue: 0x40)
  }

  public static let keywords: [KeywordSchema] = [
    KeywordSchema("CPU", Keyword.cpu),
    KeywordSchema("ContextSwitch", Keyword.contextSwitch),
    KeywordSchema("Process", Keyword.process),
    KeywordSchema("Thread", Keyword.thread),
    KeywordSchema("Image", Keyword.image),
    KeywordSchema("Code", Keyword.code),
    KeywordSchema("Counters", Keyword.counters),
  ]

  /// Every event type of the provider, in order of id within each family.
  public static let eventTypes: [any TraceEvent.Type] =
    samplingEventTypes + processEventTypes + codeEventTypes + counterEventTypes

  static func event<Event: ListedEvent>(
    _: Event.Type, _ name: String, _ keywords: Keywords
  ) -> EventSchema {
    EventSchema(of: Event.self, provider: providerName, name: name, keywords: keywords)
  }
}
