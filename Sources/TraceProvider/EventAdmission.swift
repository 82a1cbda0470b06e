public import CTraceShims
import TraceEvents
import TraceRing

/// Handles events whose type may not use the fast path yet: they wait for sessions that are about
/// to answer, and the encoding of each type is compared with its schema once.
///
///     row                              an event that comes here
///     mask all ones, type 0            waits for the sessions, bounded, or is counted as missed
///     refs, type 0                     is checked; then the row gets its type
///     refs, type 1 (``unreadable``)    becomes a record that the session refuses and counts
///     mask all ones, not described     is counted; its author is told once
///
/// - Guarantee: async-signal-safe; does not wait in a signal handler. Nothing here runs while no
///   session is active.
enum EventAdmission {
  /// Used as a row's type: the events' bytes do not match their schema.
  static let unreadable: UInt = 1

  private enum Verdict {
    case write
    /// The session counts the events as unreadable.
    case refuse
    /// The event is not written; it has been counted if necessary.
    case drop
  }

  /// The sessions in `mask` that receive an event whose row does not have the event's type.
  static func admit<E: TraceEvent>(
    _ event: E, _ row: UnsafeMutablePointer<trace_event_row>, mask: UInt8
  ) -> UInt8 {
    let verdict = judge(event, row)
    let wanted = mask & trace_event_wanted(row)
    switch verdict {
    case .write: return wanted
    case .refuse: refuse(row, mask: wanted)
    case .drop: break
    }
    return 0
  }

  private static func judge<E: TraceEvent>(
    _ event: E, _ row: UnsafeMutablePointer<trace_event_row>
  ) -> Verdict {
    Registry.resumeAfterFork()
    guard let provider = Registry.provider(owning: row) else { return .drop }
    let id = row - provider.rows
    let type = EventWriter.typeAddress(E.self)
    guard provider.ledger.describes(id) else {
      noteUndescribed(type, id, provider)
      return .drop
    }
    guard hasAnswer(provider, id), trace_event_wanted(row) != 0 else { return .drop }
    guard provider.ledger.type(id) == type else {
      if provider.ledger.isFirst(.otherType, id) {
        EmitFindings.post(.init(provider: provider, id: id, type: type, kind: .otherType))
      }
      return .refuse
    }
    return check(event, row, provider, id)
  }

  /// False if the event came before the sessions' answer and was counted.
  private static func hasAnswer(_ provider: RegisteredProvider, _ id: Int) -> Bool {
    waitForAnswer(provider, id)
    return !provider.ledger.countUnlessClosed(id)
  }

  /// Waits as an event would. If the wait times out, returns false and records that isEnabled was
  /// called: events emitted only if it returns true are then missing, and their number is not
  /// known.
  static func isWanted(_ row: UnsafeMutablePointer<trace_event_row>) -> Bool {
    Registry.resumeAfterFork()
    guard let provider = Registry.provider(owning: row) else { return false }
    let id = row - provider.rows
    guard provider.ledger.describes(id) else { return false }
    waitForAnswer(provider, id)
    // A session's selection is in the row before the ledger is closed. An event emitted between the
    // two is counted as missed.
    guard provider.ledger.isClosed(id) else {
      provider.ledger.noteAsked(id)
      return false
    }
    return trace_event_wanted(row) != 0
  }

  private static func waitForAnswer(_ provider: RegisteredProvider, _ id: Int) {
    guard !provider.ledger.isClosed(id), trace_monotonic_ns() < provider.waitEnd_ns,
      !trace_is_in_signal_handler()
    else { return }
    ControlThread.waitUntilSettled(provider)
  }

  private static func check<E: TraceEvent>(
    _ event: E, _ row: UnsafeMutablePointer<trace_event_row>, _ provider: RegisteredProvider,
    _ id: Int
  ) -> Verdict {
    if trace_event_type(row) == unreadable { return .refuse }
    var shapes = EncodedShapes()
    withUnsafeMutablePointer(to: &shapes) { shapes in
      var encoder = EventEncoder(noting: shapes)
      event.encode(into: &encoder)
    }
    let type = EventWriter.typeAddress(E.self)
    let mismatch = shapes.mismatch(with: E.schema)
    if let mismatch, provider.ledger.isFirst(.encoding, id) {
      EmitFindings.post(
        .init(provider: provider, id: id, type: type, kind: .encoding(mismatch)))
    }
    let isUnreadable = mismatch?.isFatal ?? false
    trace_set_event_type(row, isUnreadable ? unreadable : type)
    return isUnreadable ? .refuse : .write
  }

  /// Writes a record that does not match the event's schema, so that the session counts it.
  private static func refuse(_ row: UnsafeMutablePointer<trace_event_row>, mask: UInt8) {
    guard mask != 0, let provider = Registry.provider(owning: row) else { return }
    var nothing: UInt64 = 0
    let words = provider.ledger.hasFields(row - provider.rows) ? 0 : 1
    RingWriter.write(row: row, mask: mask, payload: &nothing, words: words)
  }

  // MARK: Events without a description

  static func noteUndescribed<E: TraceEvent>(
    _: E.Type, _ rows: UnsafeMutablePointer<trace_event_row>
  ) {
    guard let provider = Registry.provider(owning: rows + Int(E.eventID)) else { return }
    let id = Int(E.eventID)
    if !provider.ledger.describes(id) {
      noteUndescribed(EventWriter.typeAddress(E.self), id, provider)
    }
  }

  private static func noteUndescribed(_ type: UInt, _ id: Int, _ provider: RegisteredProvider) {
    _ = provider.ledger.countUnlessClosed(id)
    if provider.ledger.isFirst(.undescribed, id) {
      EmitFindings.post(.init(provider: provider, id: id, type: type, kind: .undescribed))
    }
  }
}

extension Provider {
  /// Whether a session wants an event whose row's mask is all ones: every session wants it, or its
  /// sessions have not answered yet.
  @usableFromInline @inline(never)
  static func isWanted(_ row: UnsafeMutablePointer<trace_event_row>) -> Bool {
    EventAdmission.isWanted(row)
  }
}
