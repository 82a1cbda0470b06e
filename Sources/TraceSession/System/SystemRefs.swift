import TraceEvents
import TraceFormat

/// The session's numbers of the System provider's event types.
struct SystemRefs: Sendable {
  private var refs: [UInt16]

  /// For a source that has none of the System provider's events.
  static let none = SystemRefs()

  private init() { refs = [] }

  /// Nil if the session has no numbers left. Events of counters may have none.
  init?(_ refs: [UInt16: UInt16]) {
    let highest = SystemSchema.eventTypes.map { $0.eventID }.max() ?? 0
    self.refs = [UInt16](repeating: 0, count: Int(highest) + 1)
    for type in SystemSchema.eventTypes {
      if let ref = refs[type.eventID] {
        self.refs[Int(type.eventID)] = ref
      } else if type.schema.keywords != SystemSchema.Keyword.counters {
        return nil
      }
    }
  }

  func ref<Event: TraceEvent>(of _: Event.Type) -> UInt16 { refs[Int(Event.eventID)] }
}

extension ProviderSchema {
  /// The session's own provider.
  static let system = ProviderSchema(
    name: SystemSchema.providerName, keywords: SystemSchema.keywords,
    events: SystemSchema.eventTypes.map { $0.schema })

  /// The same for a session without counters, whose file need not define them.
  static let systemWithoutCounters = ProviderSchema(
    name: SystemSchema.providerName, keywords: SystemSchema.keywords,
    events: system.events.filter { $0.keywords != SystemSchema.Keyword.counters })
}
