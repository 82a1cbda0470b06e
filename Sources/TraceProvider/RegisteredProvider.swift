import CTraceShims
import Synchronization
public import TraceEvents
import TraceRing

/// The combined selection of all sessions of a provider's events.
public struct Enablement: Hashable, Sendable {
  /// False when no session has the provider enabled.
  public var isEnabled: Bool
  /// The most verbose level of all sessions; 255 if a session wants every level.
  public var level: Level
  /// The union of the sessions' keywords; all bits if a session wants every event.
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
  /// The session's filter, so that the closure can enumerate only what is needed.
  public let filter: EnableFilter

  /// Whether the session wants events of this type.
  public func isEnabled<E: TraceEvent>(_: E.Type) -> Bool {
    trace_event_ref(rows + Int(E.eventID), UInt32(slot)) != 0
  }

  /// Writes an event, marked as rundown, to the requesting session, if that session wants the
  /// event.
  public func emit<E: TraceEvent>(_ event: @autoclosure () -> E) {
    guard trace_load_u8(&rows[Int(E.eventID)].mask) != 0 else { return }
    guard isEnabled(E.self) else { return EventAdmission.noteUndescribed(E.self, rows) }
    EventWriter.writeSlow(
      event(), rows + Int(E.eventID), mask: 1 << UInt8(slot), flags: RingWriter.rundownFlag)
  }
}

/// A session's selection of one event type.
struct EventGrant: Equatable {
  var eventID: UInt16
  /// The event's ref in the session's records; not 0.
  var ref: UInt16
  var isOn: Bool
  var captureStack: Bool
}

/// The control thread's record of a provider. Lives as long as the process.
final class RegisteredProvider: Sendable {
  typealias EnableHandler = @Sendable (Enablement) -> Void
  typealias CaptureStateHandler = @Sendable (borrowing CaptureState) -> Void

  struct State {
    var isAnnounced = false
    /// Whether events wait or are counted until the sessions have answered.
    var isWaiting = true
    /// Whether undescribed events take the slow path, which counts them.
    var countsUndescribed = false
    /// One for each slot; empty until a session enables the provider.
    private(set) var filters: [EnableFilter?] = []
    var enablement = Enablement([])
    var enableHandler: EnableHandler?
    var captureStateHandler: CaptureStateHandler?
    var notes: [ProviderNote] = []

    mutating func setFilter(_ filter: EnableFilter?, slot: Int) {
      if filters.isEmpty {
        guard filter != nil else { return }
        filters = Array(repeating: nil, count: EmitterSlots.count)
      }
      filters[slot] = filter
    }
  }

  /// The events that can be traced. Events that cannot are in ``faults``.
  let schema: ProviderSchema
  /// Errors in the description, in sentences for the provider's author.
  let faults: [String]
  /// A row for each possible event id; all zero if no session is active. Memory is used only for
  /// the ids in use.
  nonisolated(unsafe) let rows: UnsafeMutablePointer<trace_event_row>
  let ledger: EventLedger
  /// The provider's ``WantedHints`` in static memory; nil for a provider that may move.
  nonisolated(unsafe) private let hints: UnsafeMutablePointer<UInt8>?
  let state = ForkSafeLock(State())
  /// The previously announced provider, and the number of earlier ones. Set once, before this
  /// provider is in the list.
  nonisolated(unsafe) var previous: RegisteredProvider?
  nonisolated(unsafe) var position = 0
  private let waitEnd = Atomic<UInt64>(0)

  init(
    name: String, _ description: ProviderDescription, hints: UnsafeMutablePointer<UInt8>? = nil
  ) {
    self.hints = hints
    var checked = DescriptionCheck(name: name, description)
    let rowBytes = Int(TRACE_EVENT_ROWS) * MemoryLayout<trace_event_row>.stride
    if let memory = trace_reserve(rowBytes + EventLedger.byteCount) {
      rows = memory.bindMemory(to: trace_event_row.self, capacity: Int(TRACE_EVENT_ROWS))
      ledger = EventLedger(checked.schemas, checked.types, in: memory + rowBytes)
    } else {
      checked.dropEvents()
      ledger = .none
      rows = trace_no_rows_start()
    }
    schema = ProviderSchema(
      name: checked.name, keywords: checked.keywords, events: checked.schemas)
    faults = checked.faults
    waitEnd.store(trace_monotonic_ns() &+ Self.waitMax_ns, ordering: .relaxed)
    for event in schema.events {
      rows[Int(event.id)].mask = .max
      trace_forget_event_type(rows + Int(event.id))
    }
  }

  /// The limit used until the registering thread has set the time to wait for sessions.
  private static let waitMax_ns: UInt64 = 30_000_000_000

  /// The time until which emitters wait for the sessions' answers.
  var waitEnd_ns: UInt64 { waitEnd.load(ordering: .relaxed) }
  func waitEnds(at_ns end: UInt64) { waitEnd.store(end, ordering: .relaxed) }

  func setEnableHandler(_ handler: @escaping EnableHandler) {
    state.withLock { $0.enableHandler = handler }
  }

  func setCaptureStateHandler(_ handler: @escaping CaptureStateHandler) {
    state.withLock { $0.captureStateHandler = handler }
  }

  /// Adds the provider to the registry, once.
  func announce() {
    let isFirst = state.withLock { state in
      defer { state.isAnnounced = true }
      return !state.isAnnounced
    }
    guard isFirst else { return }
    ProviderFaults.report(faults, of: schema.name)
    Registry.add(self)
  }

  /// Enables and disables a session's events. Called only on the control thread.
  func apply(slot: Int, filter: EnableFilter?, grants: [EventGrant]) {
    let bit = UInt8(1) << UInt8(slot)
    state.withLock { state in
      for grant in grants where ledger.describes(Int(grant.eventID)) {
        let row = rows + Int(grant.eventID)
        setRef(row, slot, grant.isOn ? grant.ref : 0)
        setBit(&row.pointee.stack_mask, bit, grant.isOn && grant.captureStack)
      }
      state.setFilter(filter, slot: slot)
      publish(&state)
    }
    if grants.contains(where: \.isOn) { settle() }
  }

  /// Disables all events for a session.
  func clear(slot: Int) {
    let bit = UInt8(1) << UInt8(slot)
    state.withLock { state in
      for event in schema.events {
        let row = rows + Int(event.id)
        setBit(&row.pointee.stack_mask, bit, false)
        setRef(row, slot, 0)
      }
      state.setFilter(nil, slot: slot)
      publish(&state)
    }
  }

  /// Notifies the provider's owner if the combined selection has changed.
  func enablementChanged() {
    let call: (EnableHandler, Enablement)? = state.withLock {
      let now = Enablement($0.filters.compactMap(\.self))
      guard now != $0.enablement else { return nil }
      $0.enablement = now
      return $0.enableHandler.map { ($0, now) }
    }
    if let (handler, enablement) = call { handler(enablement) }
  }

  /// Runs the owner's capture-state closure for one session.
  func captureState(slot: Int, filter: EnableFilter) {
    let handler = state.withLock { $0.captureStateHandler }
    handler?(CaptureState(slot: slot, rows: rows, filter: filter))
  }

  // MARK: Waiting for sessions

  /// Whether events go exactly to the sessions that want them.
  var isSettled: Bool { state.withLock { !$0.isWaiting } }

  /// Ends the waiting, because all sessions have answered.
  func settle() {
    let hasWaited = state.withLock { state in
      guard state.isWaiting else { return false }
      state.isWaiting = false
      for event in schema.events { ledger.close(Int(event.id)) }
      publish(&state)
      return true
    }
    if hasWaited { ControlThread.wakeWaiters() }
  }

  /// Called in the child after a fork. Marks every event as wanted by all sessions and without a
  /// type, so that the first emit calls ``Registry/resumeAfterFork()``. A child that never emits
  /// has no cost.
  func suspendAfterFork() {
    Self.forget(state)
    for event in schema.events {
      let row = rows + Int(event.id)
      for slot in 0..<EmitterSlots.count { setRef(row, slot, 0) }
      trace_forget_event_type(row)
      row.pointee.stack_mask = 0
      row.pointee.mask = .max
      ledger.open(Int(event.id))
    }
    if let hints { for index in 0..<WantedHints.count { trace_store_u8(hints + index, .max) } }
  }

  static func prepareForForks() { forget(ForkSafeLock(State())) }

  /// Replaces a state by that of a provider without a session.
  private static func forget(_ state: ForkSafeLock<State>) {
    state.reset(to: State(), keeping: { ($0.enableHandler, $0.captureStateHandler, $0.notes) }) {
      ($0.enableHandler, $0.captureStateHandler, $0.notes) = $1
      $0.isAnnounced = true
    }
  }

  /// Called in a forked child at its first emit. Waits for its sessions as at registration.
  func resumeAfterFork() { waitEnds(at_ns: trace_monotonic_ns() &+ Self.waitMax_ns) }

  // MARK: Rows

  /// Updates the rows' masks from the sessions' selections.
  private func publish(_ state: inout State) {
    if !state.isWaiting {
      for event in schema.events {
        let row = rows + Int(event.id)
        trace_store_u8(&row.pointee.mask, trace_event_wanted(row))
        EmitterSlots.publishSoleSession(of: row)
      }
    }
    let isWanted = state.filters.contains { $0 != nil }
    if isWanted != state.countsUndescribed {
      state.countsUndescribed = isWanted
      for id in 0..<EventSchema.idLimit where !ledger.describes(id) {
        trace_store_u8(&rows[id].mask, isWanted ? .max : 0)
      }
    }
    publishHints(state)
  }

  /// Updates the provider's hints from the rows. The lock orders the control thread and a
  /// registering thread: the last one to publish has seen the other's rows.
  private func publishHints(_ state: State) {
    guard let hints else { return }
    var wanted = InlineArray<64, UInt8>(repeating: state.countsUndescribed ? .max : 0)
    for event in schema.events {
      wanted[Int(event.id) % WantedHints.count] |= trace_load_u8(&rows[Int(event.id)].mask)
    }
    for index in 0..<WantedHints.count { trace_store_u8(hints + index, wanted[index]) }
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
