public import CTraceShims
import TraceEvents
import TraceRing

/// What happens to an event before its type may use the fast path: it waits for sessions that are
/// about to answer, and its encoding is compared with its schema, once.
///
///     row                              an event that comes here
///     mask all ones, type 0            waits for the sessions, bounded, or is counted as missed
///     refs, type 0                     is checked; then the row gets its type
///     refs, type 1 (``unreadable``)    becomes a record that the session refuses and counts
///     mask all ones, not described     is counted; its author is told once
///
/// - Guarantee: async-signal-safe; in a signal handler it does not wait. Nothing here runs while
///   nobody traces.
enum EventAdmission {
  /// In place of a row's type: the events' bytes do not match their schema.
  static let unreadable: UInt = 1

  private enum Verdict {
    case write
    /// The events are to be counted as unreadable by the session.
    case refuse
    /// It is counted where it has to be.
    case drop
  }

  /// The sessions of `mask` that get an event whose row does not have its type.
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

  /// False when the event came before the sessions' answer, and was counted.
  private static func hasAnswer(_ provider: RegisteredProvider, _ id: Int) -> Bool {
    waitForAnswer(provider, id)
    return !provider.ledger.countUnlessClosed(id)
  }

  /// Waits as an event would. Once that is in vain, says no, and notes that it was asked: what is
  /// emitted only after a yes is then missing, nobody knows how often.
  static func isWanted(_ row: UnsafeMutablePointer<trace_event_row>) -> Bool {
    Registry.resumeAfterFork()
    guard let provider = Registry.provider(owning: row) else { return false }
    let id = row - provider.rows
    guard provider.ledger.describes(id) else { return false }
    waitForAnswer(provider, id)
    if !provider.ledger.isClosed(id) { provider.ledger.noteAsked(id) }
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

  /// Writes a record that no reader takes for the event, so that the session counts it.
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
  /// Whether a session wants an event whose row says "all": the row of one that every session
  /// wants, or of one whose sessions have not answered yet.
  @usableFromInline @inline(never)
  static func isWanted(_ row: UnsafeMutablePointer<trace_event_row>) -> Bool {
    EventAdmission.isWanted(row)
  }
}
