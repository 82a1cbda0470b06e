internal import TraceEvents

/// Which handlers each event type of the file goes to.
final class RouteTable {
  struct Route {
    /// Position in ``TraceFile/eventTypes``.
    var typeIndex: Int
    var fields: [FieldPlan]
    var handlers: UnsafePointer<Replay.Subscription>
    var handlerCount: Int
  }

  private var routes: [UInt16: Route] = [:]
  private var knownRefs: Set<UInt16> = []
  private(set) var unreadable: [EventSchema] = []
  /// All routes' handlers, in memory that does not move: batches point to it.
  private let handlers: UnsafeMutableBufferPointer<Replay.Subscription>
  private var handlerCount = 0

  /// A place to point at for types that have none.
  var noHandlers: UnsafePointer<Replay.Subscription> { UnsafePointer(handlers.baseAddress!) }

  init(_ replay: Replay) {
    let types = replay.file.eventTypes
    handlers = .allocate(capacity: max(types.count * replay.subscriptions.count, 1))
    for type in types {
      knownRefs.insert(type.ref)
      guard replay.filter.admits?(type.schema) ?? true else { continue }
      let start = handlerCount
      for subscription in replay.subscriptions { add(subscription, type.schema) }
      guard handlerCount > start else { continue }
      routes[type.ref] = Route(
        typeIndex: type.index, fields: type.schema.fields.map { FieldPlan($0.type) },
        handlers: UnsafePointer(handlers.baseAddress!) + start, handlerCount: handlerCount - start)
    }
  }

  deinit {
    handlers.baseAddress!.deinitialize(count: handlerCount)
    handlers.deallocate()
  }

  private func add(_ subscription: Replay.Subscription, _ written: EventSchema) {
    if let wanted = subscription.schema {
      guard wanted.provider == written.provider, wanted.id == written.id else { return }
      guard written.isReadable(as: wanted) else {
        unreadable.append(written)
        return
      }
    }
    (handlers.baseAddress! + handlerCount).initialize(to: subscription)
    handlerCount += 1
  }

  func route(_ ref: UInt16) -> Route? { routes[ref] }
  func isKnown(_ ref: UInt16) -> Bool { knownRefs.contains(ref) }
  func isWantedOrUnknown(_ ref: UInt16) -> Bool { routes[ref] != nil || !isKnown(ref) }
}
