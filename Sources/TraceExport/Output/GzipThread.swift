internal import Glibc
internal import Locks
internal import TraceAnalysis

/// A thread that compresses the parts of a stream in their order.
///
/// - Trap: ``end()`` must be called.
final class GzipThread: Sendable {
  /// Maximum number of parts that wait; the caller then waits, too.
  static let waitingMax = 4
  /// The waits are repeated; each ends when there is something to do.
  private static let waitNanoseconds: UInt64 = 1_000_000_000

  private struct Part {
    var message: ProtobufMessage
    var isLast: Bool
  }

  private struct State {
    /// The first one is the one in work.
    var parts: [Part] = []
    /// What is compressed and not taken; nil after an error.
    var result: [UInt8]? = []
    var mustEnd = false
    var thread: pthread_t?
  }

  private let state = Monitor(State())

  /// Starts the thread; nil if none can be created.
  init?(_ deflater: Deflater) {
    guard let thread = WorkerThreads.start({ [state] in Self.run(state, deflater) }) else {
      return nil
    }
    state.withLock { $0.thread = thread }
  }

  private static func run(_ state: Monitor<State>, _ deflater: Deflater) {
    var bytes: [UInt8] = []
    while true {
      var next: Part?
      _ = state.wait(nanoseconds: waitNanoseconds) {
        next = $0.parts.first
        return next != nil || $0.mustEnd
      }
      guard let part = next else {
        if state.withLock({ $0.mustEnd }) { return }
        continue
      }
      bytes.removeAll(keepingCapacity: true)
      let isDone = part.message.withBytes {
        deflater.write($0, isLast: part.isLast, to: &bytes)
      }
      let isEnd = state.withLock { state in
        state.parts.removeFirst()
        if isDone { state.result? += bytes } else { state.result = nil }
        return part.isLast || !isDone || state.mustEnd
      }
      if isEnd { return }
    }
  }

  /// Adds a part, when few enough wait.
  func add(_ message: ProtobufMessage, isLast: Bool) {
    wait { $0.parts.count < Self.waitingMax || $0.result == nil }
    state.withLock {
      if $0.result != nil { $0.parts.append(Part(message: message, isLast: isLast)) }
    }
  }

  /// Returns what is compressed, or all after waiting for it; nil after an error.
  func take(isAll: Bool) -> [UInt8]? {
    if isAll { wait { $0.parts.isEmpty || $0.result == nil } }
    return state.withLock { state in
      defer { if state.result != nil { state.result = [] } }
      return state.result
    }
  }

  private func wait(until isSo: (inout State) -> Bool) {
    while !state.wait(nanoseconds: Self.waitNanoseconds, until: isSo) {}
  }

  /// Ends the thread; parts that wait are not compressed.
  func end() {
    let thread = state.withLock { state in
      state.mustEnd = true
      defer { state.thread = nil }
      return state.thread
    }
    if let thread { pthread_join(thread, nil) }
  }
}
