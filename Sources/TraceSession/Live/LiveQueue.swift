import Locks
import TraceFormat

/// The blocks queued for one reader of a live session.
///
/// - Guarantee: at most `limit` bytes are queued. Beyond that, the oldest blocks are dropped: first
///   other events, then those that describe processes, threads, images and code, then stacks and
///   symbols. Dropped events are counted, and the reader receives a loss record. Definitions are
///   never dropped: if they alone exceed the limit, the trace ends with an error.
final class LiveQueue: LiveSource, Sendable {
  private static let wait_ns: UInt64 = 100_000_000

  private struct Content {
    var blocks: [(block: LiveBlock, tellsState: Bool)] = []
    var bytes = 0
    var loss: LossRecord?
    var dropped: UInt64 = 0
    var end: Result<Void, LiveTraceError>?
    var idle_ns: Int64 = 0

    /// Drops the most expendable block; returns false if there are only definitions.
    mutating func makeRoom() -> Bool {
      let place =
        blocks.firstIndex { $0.block.kind == .events && !$0.tellsState }
        ?? blocks.firstIndex { $0.block.kind == .events }
        ?? blocks.firstIndex { $0.block.kind == .names }
      guard let place else { return false }
      let block = blocks.remove(at: place).block
      bytes -= block.bytes.count
      if block.kind == .events { dropped += UInt64(block.count) }
      loss.add(block)
      return true
    }
  }

  private let content = Monitor(Content())
  private let limit: Int
  /// Throws the reason if no more blocks will arrive.
  private let check: @Sendable () throws -> Void

  init(limit: Int, check: @escaping @Sendable () throws -> Void) {
    self.limit = limit
    self.check = check
  }

  /// Number of dropped events.
  var dropped: UInt64 { content.withLock { $0.dropped } }
  var hasEnded: Bool { content.withLock { $0.end != nil } }

  func add(_ block: LiveBlock, tellsState: Bool) {
    content.withLock { content in
      guard content.end == nil else { return }
      content.blocks.append((block, tellsState))
      content.bytes += block.bytes.count
      while content.bytes > limit {
        if content.makeRoom() { continue }
        content.end = .failure(.tooFarBehind(bytes: content.bytes))
        content.blocks = []
        content.bytes = 0
      }
    }
  }

  /// Sets the loss record that the reader receives.
  func lose(_ loss: LossRecord) { content.withLock { $0.loss = loss } }

  func finish(_ result: Result<Void, LiveTraceError>) {
    content.withLock { if $0.end == nil { $0.end = result } }
  }

  // MARK: On the reader's thread

  func next(_ live: LiveTrace) throws -> LiveTrace.Step {
    content.wait(nanoseconds: Self.wait_ns) { !$0.blocks.isEmpty || $0.end != nil }
    // Only the blocks queued now, so that a session that adds blocks constantly does not keep the
    // reader in this loop.
    let count = content.withLock { $0.blocks.count }
    guard count > 0 else { return try nothing() }
    for _ in 0..<count {
      guard let block = takeFirst() else { break }
      try block.bytes.withUnsafeBytes { try live.feed($0) }
    }
    // After the blocks, which are of an earlier time.
    if let loss = takeLoss() { try live.lose(loss) }
    return .blocks
  }

  private func nothing() throws -> LiveTrace.Step {
    let (end, idle_ns) = content.withLock { content in
      content.idle_ns += Int64(Self.wait_ns)
      return (content.end, content.idle_ns)
    }
    if let end {
      try end.get()
      return .end
    }
    try check()
    return .nothing(idle_ns: idle_ns)
  }

  private func takeFirst() -> LiveBlock? {
    content.withLock { content in
      guard !content.blocks.isEmpty else { return nil }
      content.idle_ns = 0
      let block = content.blocks.removeFirst().block
      content.bytes -= block.bytes.count
      return block
    }
  }

  private func takeLoss() -> LossRecord? {
    content.withLock { content in
      defer { content.loss = nil }
      return content.loss
    }
  }
}
