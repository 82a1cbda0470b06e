import CTraceShims
import TraceControl
public import TraceEvents

/// A sentence for the sessions that want an event.
struct ProviderNote: Equatable {
  static let notesMax = 16
  /// What is longer is cut.
  static let textBytes = 400

  var eventID: UInt16
  var text: String
}

extension Provider {
  /// Tells each session that asks for events of this type, now or later, why there are none or few
  /// and what to do: one sentence, which `tracectl collect` prints with the process's name. A
  /// session that asked for every event of the provider is not told.
  ///
  /// - Guarantee: a session is told each sentence once. A provider keeps 16 of at most 400 bytes;
  ///   further ones are ignored.
  /// - Trap: allocates and takes a lock; not for signal handlers.
  public borrowing func explain<E: TraceEvent>(_: E.Type, _ text: String) {
    var bytes = Array(text.utf8.prefix(ProviderNote.textBytes))
    // Not in the middle of a character.
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

  /// What the session at `slot` is to be told: of the events that it has on.
  func notes(slot: Int) -> [String] {
    state.withLock(\.notes).filter {
      trace_event_ref(rows + Int($0.eventID), UInt32(slot)) != 0
    }.map(\.text)
  }
}
