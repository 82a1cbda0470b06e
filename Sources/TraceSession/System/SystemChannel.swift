import Locks
import TraceEvents
import TraceFormat

/// Passes a source's events to the session's file, in a few batches that are exchanged between the
/// source's thread and the drain's.
///
/// - Guarantee: memory is bounded. If the drain lags, the source waits for a batch, and the buffer
///   that it reads loses events, which are counted there.
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

  /// Returns an empty batch; waits for one, at most `nanoseconds`, then returns nil.
  func take(waitingNanoseconds nanoseconds: UInt64) -> SystemBatch? {
    var batch: SystemBatch?
    state.wait(nanoseconds: nanoseconds) { state in
      batch = state.free.popLast()
      return batch != nil
    }
    return batch
  }

  /// Reports that a source has no earlier events. Until it completes more, the file is not marked
  /// as complete beyond this time.
  func begin(_ source: Drain.Source = .kernel, atTicks ticks: UInt64) {
    drain.set(source, completeTo: ticks)
  }

  /// Reports that a source does not exist after all.
  func cancel(_ source: Drain.Source = .kernel) { drain.set(source, completeTo: .max) }

  /// Reports that the batches sent so far contain all events of a source up to this time.
  func complete(_ source: Drain.Source, to ticks: UInt64) { drain.complete(source, to: ticks) }

  /// Passes a batch to the drain, which returns it empty.
  func send(_ batch: SystemBatch) {
    let complete = batch.completeTicks
    batch.completeTicks = nil
    defer { if let complete { drain.complete(.kernel, to: complete) } }
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
