import CTraceShims
import TraceControl
public import TraceEvents

/// A sentence for the sessions that want an event.
struct ProviderNote: Equatable {
  static let notesMax = 16
  /// Longer texts are truncated.
  static let textBytes = 400

  var eventID: UInt16
  var text: String
}

extension Provider {
  /// Explains, to each session that selects events of this type, now or later, why there are none
  /// or few and what to do. The text is one sentence, which `tracectl collect` prints with the
  /// process's name. A session that selected every event of the provider does not receive it.
  ///
  /// - Guarantee: a session receives each sentence once. A provider keeps 16 sentences of at most
  ///   400 bytes and ignores further ones.
  /// - Trap: allocates and takes a lock; do not call it from signal handlers.
  public borrowing func explain<E: TraceEvent>(_: E.Type, _ text: String) {
    var bytes = Array(text.utf8.prefix(ProviderNote.textBytes))
    // Do not cut in the middle of a character.
    while String(validating: bytes, as: UTF8.self) == nil, !bytes.isEmpty { bytes.removeLast() }
    let note = ProviderNote(eventID: E.eventID, text: String(decoding: bytes, as: UTF8.self))
    noteSlow(note)
  }
}

extension RegisteredProvider {
  func add(_ note: ProviderNote) {
    state.withLock { state in
      guard state.notes.count < ProviderNote.notesMax, !state.notes.contains(note) else { return }
      state.notes.append(note)
    }
    ControlThread.wakeFromEmitter()
  }

  /// The notes for the session at `slot`, about events that it has enabled.
  func notes(slot: Int) -> [String] {
    state.withLock(\.notes).filter {
      trace_event_ref(rows + Int($0.eventID), UInt32(slot)) != 0
    }.map(\.text)
  }
}
