import TraceEvents
import TraceFormat

/// The way of a source's events into the session's file: a few batches that go back and forth
/// between the source's thread and the drain's.
///
/// - Guarantee: memory is bounded. When the drain lags, the source waits for a batch, and what it
///   reads from loses events, which is counted there.
final class SystemChannel: Sendable {
  private struct State {
    var free: [SystemBatch]
  }

  private static let batchCount = 4

  let refs: SystemRefs
  let images: ImageFiles
  private let drain: Drain
  private let state = Monitor(
    State(free: (0..<batchCount).map { _ in SystemBatch() }))

  init(_ drain: Drain, refs: SystemRefs, images: ImageFiles = ImageFiles(heldMax: 0)) {
    self.drain = drain
    self.refs = refs
    self.images = images
  }

  /// An empty batch; waits until there is one, and after `nanoseconds` gives none.
  func take(waitingNanoseconds nanoseconds: UInt64) -> SystemBatch? {
    var batch: SystemBatch?
    state.wait(nanoseconds: nanoseconds) { state in
      batch = state.free.popLast()
      return batch != nil
    }
    return batch
  }

  /// The source has nothing that is earlier; until it sends more, nothing later is called complete.
  func begin(atTicks ticks: UInt64) { drain.setSource(completeTo: ticks) }

  /// There is no source after all.
  func cancel() { drain.setSource(completeTo: .max) }

  /// Hands a batch to the drain; it comes back empty.
  func send(_ batch: SystemBatch) {
    let complete = batch.completeTicks
    batch.completeTicks = nil
    defer { if let complete { drain.sourceIsComplete(to: complete) } }
    if batch.isEmpty {
      giveBack(batch)
      return
    }
    drain.perform { [self] writer in
      batch.write(to: &writer)
      giveBack(batch)
    }
  }

  private func giveBack(_ batch: SystemBatch) { state.withLock { $0.free.append(batch) } }
}
