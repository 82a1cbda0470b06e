import CTraceShims
public import TraceEvents
import TraceRing

/// What all sessions together want of a provider.
public struct Enablement: Hashable, Sendable {
  /// False when no session has the provider enabled.
  public var isEnabled: Bool
  /// The most verbose level asked for; 255 when a session asks for every level.
  public var level: Level
  /// Every keyword asked for; all bits when a session asks for every event.
  public var keywords: Keywords

  init(_ filters: [EnableFilter]) {
    isEnabled = !filters.isEmpty
    let everyLevel = filters.contains { $0.level == .always }
    level = everyLevel ? Level(rawValue: 255) : filters.map(\.level).max() ?? .always
    keywords = filters.reduce(Keywords()) { $0.union($1.any.isEmpty ? .all : $1.any) }
  }
}

/// A session's request for a rundown.
public struct CaptureState: ~Copyable {
  let slot: Int
  let rows: UnsafeMutablePointer<trace_event_row>
  /// What this session asked for, so that only that need be enumerated.
  public let filter: EnableFilter

  /// Whether the session wants events of this type.
  public func isEnabled<E: TraceEvent>(_: E.Type) -> Bool {
    trace_event_ref(rows + Int(E.eventID), UInt32(slot)) != 0
  }

  /// Writes an event, marked as rundown, to the session that asked, if it wants it.
  public func emit<E: TraceEvent>(_ event: @autoclosure () -> E) {
    guard isEnabled(E.self) else { return }
    EventWriter.writeSlow(
      event(), rows + Int(E.eventID), mask: 1 << UInt8(slot), flags: RingWriter.rundownFlag)
  }
}

/// What a session wants of one event type.
struct EventGrant: Equatable {
  var eventID: UInt16
  /// The event's number in the session's records; not 0.
  var ref: UInt16
  var isOn: Bool
  var captureStack: Bool
}

/// A provider as the control thread sees it. Lives as long as the process.
final class RegisteredProvider: Sendable {
  typealias EnableHandler = @Sendable (Enablement) -> Void
  typealias CaptureStateHandler = @Sendable (borrowing CaptureState) -> Void

  private struct State {
    var isAnnounced = false
    var filters: [EnableFilter?] = Array(repeating: nil, count: EmitterSlots.count)
    var enablement = Enablement([])
    var enableHandler: EnableHandler?
    var captureStateHandler: CaptureStateHandler?
  }

  let schema: ProviderSchema
  /// A row an event id; all zero when nobody traces. Reserved for every possible id, touched for
  /// those used.
  nonisolated(unsafe) let rows: UnsafeMutablePointer<trace_event_row>
  private let types: [UInt]
  /// The provider's ``WantedHints`` in static memory; nil for a provider that may move.
  nonisolated(unsafe) private let hints: UnsafeMutablePointer<UInt8>?
  private let state = ForkSafeLock(State())
  /// The provider announced before this one; set once, before the list shows it.
  nonisolated(unsafe) var previous: RegisteredProvider?

  init(
    name: String, _ description: ProviderDescription, hints: UnsafeMutablePointer<UInt8>? = nil
  ) {
    self.hints = hints
    schema = ProviderSchema(
      name: name, keywords: description.keywords, events: description.events.map { $0.schema })
    let bytes = EventSchema.idLimit * MemoryLayout<trace_event_row>.stride
    guard let memory = trace_reserve(bytes) else { fatalError("no memory for provider \(name)") }
    types = description.events.map { unsafeBitCast($0 as Any.Type, to: UInt.self) }
    rows = memory.bindMemory(to: trace_event_row.self, capacity: EventSchema.idLimit)
    for type in description.events {
      let id = Int(type.eventID)
      precondition(id < EventSchema.idLimit, "\(name): event id \(id) is out of range")
      precondition(rows[id].type == 0, "\(name): two events have the id \(id)")
      precondition(
        type.schema.id == type.eventID && type.schema.provider == name
          && type.schema.limitViolation == nil,
        "\(name): the schema of \(type) is not this provider's, or is over its limits")
      rows[id].type = unsafeBitCast(type as Any.Type, to: UInt.self)
    }
  }

  func setEnableHandler(_ handler: @escaping EnableHandler) {
    state.withLock { $0.enableHandler = handler }
  }

  func setCaptureStateHandler(_ handler: @escaping CaptureStateHandler) {
    state.withLock { $0.captureStateHandler = handler }
  }

  /// Tells the registry, once.
  func announce() {
    let isFirst = state.withLock { state in
      defer { state.isAnnounced = true }
      return !state.isAnnounced
    }
    guard isFirst else { return }
    Registry.add(self)
    publishHints()
  }

  /// Switches a session's events on and off. On the control thread only.
  func apply(slot: Int, filter: EnableFilter?, grants: [EventGrant]) {
    let bit = UInt8(1) << UInt8(slot)
    for grant in grants where Int(grant.eventID) < EventSchema.idLimit {
      let row = rows + Int(grant.eventID)
      guard row.pointee.type != 0 else { continue }
      setRef(row, slot, grant.isOn ? grant.ref : 0)
      setBit(&row.pointee.stack_mask, bit, grant.isOn && grant.captureStack)
      setBit(&row.pointee.mask, bit, grant.isOn)
    }
    publishHints()
    state.withLock { state in state.filters[slot] = filter }
  }

  /// Takes a session's interest in every event away.
  func clear(slot: Int) {
    let bit = UInt8(1) << UInt8(slot)
    for event in schema.events {
      let row = rows + Int(event.id)
      setBit(&row.pointee.mask, bit, false)
      setBit(&row.pointee.stack_mask, bit, false)
      setRef(row, slot, 0)
    }
    publishHints()
    state.withLock { state in state.filters[slot] = nil }
  }

  /// Tells the provider's owner when what sessions want has changed.
  func enablementChanged() {
    let call: (EnableHandler, Enablement)? = state.withLock {
      let now = Enablement($0.filters.compactMap(\.self))
      guard now != $0.enablement else { return nil }
      $0.enablement = now
      return $0.enableHandler.map { ($0, now) }
    }
    if let (handler, enablement) = call { handler(enablement) }
  }

  /// Lets the provider's owner tell one session what already lives.
  func captureState(slot: Int, filter: EnableFilter) {
    let handler = state.withLock { $0.captureStateHandler }
    handler?(CaptureState(slot: slot, rows: rows, filter: filter))
  }

  /// In the child after a fork: every event looks wanted by all and belongs to no type, which sends
  /// the first emit to ``Registry/resumeAfterFork()``. A child that never emits pays nothing.
  func suspendAfterFork() {
    state.reset(to: State(), keeping: { ($0.enableHandler, $0.captureStateHandler) }) {
      ($0.enableHandler, $0.captureStateHandler) = $1
      $0.isAnnounced = true
    }
    for event in schema.events {
      let row = rows + Int(event.id)
      for slot in 0..<EmitterSlots.count { setRef(row, slot, 0) }
      row.pointee.type = 0
      row.pointee.stack_mask = 0
      row.pointee.mask = .max
    }
    if let hints { for index in 0..<WantedHints.count { trace_store_u8(hints + index, .max) } }
  }

  func resumeAfterFork() {
    for (event, type) in zip(schema.events, types) {
      let row = rows + Int(event.id)
      row.pointee.mask = 0
      row.pointee.type = type
    }
    publishHints()
  }

  /// Copies what the rows say into the provider's hints. The lock puts the control thread and a
  /// registering thread in order: whoever publishes last has seen the other's rows.
  private func publishHints() {
    guard let hints else { return }
    state.withLock { _ in
      var wanted = InlineArray<64, UInt8>(repeating: 0)
      for event in schema.events {
        wanted[Int(event.id) % WantedHints.count] |= trace_load_u8(&rows[Int(event.id)].mask)
      }
      for index in 0..<WantedHints.count { trace_store_u8(hints + index, wanted[index]) }
    }
  }

  private func setRef(_ row: UnsafeMutablePointer<trace_event_row>, _ slot: Int, _ ref: UInt16) {
    let offset = MemoryLayout<trace_event_row>.offset(of: \.refs)!
    let refs = (UnsafeMutableRawPointer(row) + offset).assumingMemoryBound(to: UInt16.self)
    trace_store_u16(refs + slot, ref)
  }

  private func setBit(_ byte: inout UInt8, _ bit: UInt8, _ isOn: Bool) {
    withUnsafeMutablePointer(to: &byte) {
      trace_store_u8($0, isOn ? $0.pointee | bit : $0.pointee & ~bit)
    }
  }
}
