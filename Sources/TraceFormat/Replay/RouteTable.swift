internal import TraceEvents

/// Which handlers each event type of the file goes to.
struct RouteTable {
  struct Route {
    /// Position in ``RouteTable/handlers``.
    var index: Int
    /// Position in ``TraceFile/eventTypes``.
    var typeIndex: Int
    var fields: [FieldPlan]
  }

  private var routes: [UInt16: Route] = [:]
  private var knownRefs: Set<UInt16> = []
  private(set) var handlers: [[Replay.BatchHandler]] = []
  private(set) var unreadable: [EventSchema] = []

  init(_ replay: Replay) {
    for type in replay.file.eventTypes {
      knownRefs.insert(type.ref)
      guard replay.filter.admits?(type.schema) ?? true else { continue }
      var found: [Replay.BatchHandler] = []
      for subscription in replay.subscriptions {
        guard let wanted = subscription.schema else {
          found.append(subscription.handle)
          continue
        }
        guard wanted.provider == type.schema.provider, wanted.id == type.schema.id else { continue }
        if type.schema.isReadable(as: wanted) {
          found.append(subscription.handle)
        } else {
          unreadable.append(type.schema)
        }
      }
      guard !found.isEmpty else { continue }
      routes[type.ref] = Route(
        index: handlers.count, typeIndex: type.index,
        fields: type.schema.fields.map { FieldPlan($0.type) })
      handlers.append(found)
    }
  }

  func route(_ ref: UInt16) -> Route? { routes[ref] }
  func isKnown(_ ref: UInt16) -> Bool { knownRefs.contains(ref) }
  func isWantedOrUnknown(_ ref: UInt16) -> Bool { routes[ref] != nil || !isKnown(ref) }
}
