public import TraceEvents
public import TraceFormat

extension LiveSymbolizer {
  /// Learns from an event that comes neither from a file nor through a replay, but from a running
  /// session. Events of all types may be passed; pass them before making lookups.
  ///
  /// - Parameter withDecoder: calls its argument with a decoder at the event's first field. It is
  ///   called once for each listener of the event's type, so not at all for most types.
  public func learn(
    _ schema: EventSchema, _ header: EventHeader,
    _ withDecoder: ((inout EventDecoder) -> Void) -> Void
  ) {
    if passedEvents == nil {
      let events = PassedEvents()
      listen(to: events)
      passedEvents = events
    }
    passedEvents?.hand(schema, header, withDecoder)
    advance(to: header.timestamp)
  }
}

/// Passes single events to the listeners of their types.
final class PassedEvents: CodeEventSource {
  private struct Key: Hashable {
    var provider: String
    var id: UInt16
  }

  private struct Listener {
    var schema: EventSchema
    var hand: (inout EventDecoder, EventHeader) throws -> Void
  }

  private var listeners: [Key: [Listener]] = [:]

  func on<Event: TraceEvent>(
    _ type: Event.Type, _ handler: @escaping (Event, EventHeader) throws -> Void
  ) {
    let key = Key(provider: Event.schema.provider, id: Event.schema.id)
    listeners[key, default: []].append(
      Listener(schema: Event.schema) { decoder, header in
        try handler(Event(from: &decoder), header)
      })
  }

  func onLoss(_ handler: @escaping (LossRecord) throws -> Void) {}

  func hand(
    _ schema: EventSchema, _ header: EventHeader,
    _ withDecoder: ((inout EventDecoder) -> Void) -> Void
  ) {
    for listener in listeners[Key(provider: schema.provider, id: schema.id)] ?? []
    where schema.isReadable(as: listener.schema) {
      // The listeners do not throw.
      withDecoder { decoder in try? listener.hand(&decoder, header) }
    }
  }
}
