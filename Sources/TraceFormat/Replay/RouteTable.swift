internal import TraceEvents

/// The handlers of each event type in the file. Immutable while a replay runs.
final class RouteTable: @unchecked Sendable {
  /// A subscription's handler for the events of one type.
  struct Handler {
    let handle: Replay.BatchHandler
    /// Sieve that an event must also pass; -1 if the handler takes all selected events.
    var sieve: Int
  }

  struct Route {
    /// Position in ``TraceFile/eventTypes``.
    var typeIndex: Int
    var fields: [FieldPlan]
    /// Number of fields decoded: those up to the last one that a handler reads.
    var leadingFields: Int
    /// Whether any handler reads the type's fields.
    var readsFields: Bool
    /// Sieves of the type; an event is selected if it passes any of them.
    var sieves: [Int]
    var handlers: UnsafePointer<Handler>
    var handlerCount: Int
  }

  /// The distinct filters of all subscriptions.
  private(set) var sieves: [EventSieve] = []
  private var routes: [UInt16: Route] = [:]
  private var knownRefs: Set<UInt16> = []
  private(set) var unreadable: [EventSchema] = []
  /// Handlers of all routes, in memory that does not move, because batches point to it.
  private let handlers: UnsafeMutableBufferPointer<Handler>
  private var handlerCount = 0

  /// A valid pointer for types without handlers.
  var noHandlers: UnsafePointer<Handler> { UnsafePointer(handlers.baseAddress!) }

  init(_ replay: Replay) {
    let types = replay.file.eventTypes
    handlers = .allocate(capacity: max(types.count * replay.subscriptions.count, 1))
    var numbers: [EventSieve: Int] = [:]
    let sieveNumbers = replay.subscriptions.map { subscription in
      let sieve = EventSieve([replay.filter, subscription.filter], replay.file.clock)
      let number = numbers[sieve] ?? sieves.count
      if number == sieves.count { sieves.append(sieve) }
      numbers[sieve] = number
      return number
    }
    for type in types {
      knownRefs.insert(type.ref)
      guard replay.filter.admits?(type.schema) ?? true else { continue }
      addRoute(type, replay.subscriptions, sieveNumbers)
    }
  }

  deinit {
    handlers.baseAddress!.deinitialize(count: handlerCount)
    handlers.deallocate()
  }

  private func addRoute(
    _ type: EventType, _ subscriptions: [Replay.Subscription], _ sieveNumbers: [Int]
  ) {
    let start = handlers.baseAddress! + handlerCount
    var count = 0
    var fieldCount = 0
    var readsFields = false
    var selection: Set<Int> = []
    for (subscription, sieve) in zip(subscriptions, sieveNumbers) {
      guard subscription.filter.admits?(type.schema) ?? true, wants(subscription, type.schema)
      else { continue }
      (start + count).initialize(to: Handler(handle: subscription.handle, sieve: sieve))
      count += 1
      fieldCount = max(fieldCount, subscription.fields.count(in: type.schema))
      readsFields = readsFields || subscription.fields.areAny
      selection.insert(sieve)
    }
    guard count > 0 else { return }
    if selection.count == 1 {
      for index in 0..<count { start[index].sieve = -1 }
    }
    handlerCount += count
    let fields = type.schema.fields
    routes[type.ref] = Route(
      typeIndex: type.index, fields: fields.map { FieldPlan($0.type) }, leadingFields: fieldCount,
      readsFields: readsFields, sieves: selection.sorted(), handlers: UnsafePointer(start),
      handlerCount: count)
  }

  private func wants(_ subscription: Replay.Subscription, _ written: EventSchema) -> Bool {
    guard let wanted = subscription.schema else { return true }
    guard wanted.provider == written.provider, wanted.id == written.id else { return false }
    guard written.isReadable(as: wanted) else {
      if !unreadable.contains(written) { unreadable.append(written) }
      return false
    }
    return true
  }

  func route(_ ref: UInt16) -> Route? { routes[ref] }
  func isKnown(_ ref: UInt16) -> Bool { knownRefs.contains(ref) }

  /// Whether to read a block that has events of this type in this range of ticks.
  func wants(_ ref: UInt16, between first: UInt64, _ last: UInt64) -> Bool {
    guard let route = routes[ref] else {
      return !isKnown(ref) && sieves.contains { $0.overlaps(first, last) }
    }
    return route.sieves.contains { sieves[$0].overlaps(first, last) }
  }
}
