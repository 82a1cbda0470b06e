import Locks
import TraceFormat

/// Distributes the blocks of a session whose trace cannot be read back to the session's readers.
final class LiveHub: Sendable {
  private struct State {
    var state: LiveState?
    var queues: [LiveQueue] = []
    /// Number of events that former readers missed.
    var dropped: UInt64 = 0
    var failure: LiveTraceError?
  }

  private let state = Monitor(State())

  init(_ session: SessionDescription, fileID: UInt32) throws(FormatError) {
    let kept = try LiveState(session, fileID: fileID)
    state.withLock { $0.state = kept }
  }

  /// Number of events that readers missed because they were too slow.
  var dropped: UInt64 {
    state.withLock { state in state.queues.reduce(state.dropped) { $0 + $1.dropped } }
  }

  /// Adds a written block to all queues. Called on the drain's thread, as is ``join(_:)``.
  func take(_ bytes: UnsafeRawBufferPointer) {
    guard let block = LiveBlock(bytes) else { return }
    state.withLock { state in
      guard state.failure == nil else { return }
      do {
        try state.state?.take(block)
      } catch {
        end(&state, .failure(Self.reason(error)))
        return
      }
      let tellsState = state.state?.concerns(block) ?? false
      for queue in state.queues { queue.add(block, tellsState: tellsState) }
    }
  }

  /// Adds a reader: its queue gets the earlier blocks that it needs, and all later blocks.
  func join(_ queue: LiveQueue) {
    state.withLock { state in
      if let failure = state.failure { return queue.finish(.failure(failure)) }
      do throws(FormatError) {
        if let (blocks, forgotten) = try state.state?.beginning() {
          for block in blocks { queue.add(block, tellsState: block.kind == .events) }
          if let forgotten { queue.lose(forgotten) }
        }
        state.queues.append(queue)
      } catch { queue.finish(.failure(.sessionFailed(error))) }
    }
  }

  /// Removes a reader.
  func leave(_ queue: LiveQueue) {
    state.withLock { state in
      state.queues.removeAll { $0 === queue }
      state.dropped += queue.dropped
    }
  }

  func finish(_ failure: FormatError?) {
    state.withLock { state in
      end(&state, failure.map { .failure(.sessionFailed($0)) } ?? .success(()))
    }
  }

  private func end(_ state: inout State, _ result: Result<Void, LiveTraceError>) {
    for queue in state.queues { queue.finish(result) }
    if case .failure(let error) = result { state.failure = error }
    // Slow readers still receive their queued blocks.
    state.state = nil
  }

  private static func reason(_ error: any Error) -> LiveTraceError {
    (error as? FormatError).map { .sessionFailed($0) } ?? .notRunning
  }
}
