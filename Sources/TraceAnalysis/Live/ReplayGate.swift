internal import Synchronization
internal import TraceEvents
internal import TraceFormat

/// Decides whether subscriptions take part in a replay's runs. What they need is not even decoded
/// before the gate is opened.
package final class ReplayGate: Sendable {
  private let state = Atomic(false)

  package init() {}

  package var isOpen: Bool { state.load(ordering: .acquiring) }
  package func open() { state.store(true, ordering: .releasing) }
}

/// The events of a replay behind a gate.
struct GatedReplay: CodeEventSource {
  private let replay: Replay
  private let gate: ReplayGate
  private var filter = ReplayFilter()

  init(_ replay: Replay, _ gate: ReplayGate) {
    (self.replay, self.gate) = (replay, gate)
    filter.admits = { _ in gate.isOpen }
  }

  func on<Event: TraceEvent>(
    _ type: Event.Type, _ handler: @escaping (Event, EventHeader) throws -> Void
  ) {
    replay.on(type, where: filter, handler)
  }

  func onLoss(_ handler: @escaping (LossRecord) throws -> Void) {
    replay.onLoss { [gate] loss in if gate.isOpen { try handler(loss) } }
  }
}
