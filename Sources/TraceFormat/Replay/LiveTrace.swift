package import TraceEvents

/// A trace that is still being written: the handlers of its replay get the events as blocks come.
///
///     let live = try LiveTrace(following: TraceFile(path: "t.etl"))   // or session.liveTrace()
///     live.replay.on(GCStart.self) { event, header in … }
///     try live.run()
///
/// Any pass that subscribes to a ``Replay`` works with ``replay``.
///
/// - Guarantee: delivers the same events as a ``TraceFile`` of the same blocks, but in time order
///   only within the blocks that arrive together, because later blocks do not exist yet. Events
///   that a slow reader missed are losses with the cause ``LossCause/notKept``: handlers of losses
///   receive them, and ``TraceFile/lossTotals`` counts them.
/// - Cost: all work is done on the thread that calls ``run()`` or ``next()``. Memory for the blocks
///   that arrive together and for the definitions.
/// - Trap: not for use from several threads at once.
public final class LiveTrace {
  /// What ``next()`` found.
  public enum Step: Hashable, Sendable {
    /// Blocks came, and their events were handed out.
    case blocks
    /// Nothing has come for so many nanoseconds.
    case nothing(idle_ns: Int64)
    /// The trace was finished, and everything was handed out.
    case end
  }

  public let file: TraceFile
  public let replay: Replay
  /// Called when blocks have come, before their events are handed out.
  public var onBlocks: (() throws -> Void)?
  private let source: (any LiveSource)?
  private let onLeave: () -> Void

  /// A trace whose blocks are given to ``feed(_:)``.
  public convenience init() throws(FormatError) {
    self.init(try TraceFile(source: TraceBytes(bytes: [], name: "live trace"), isLive: true), nil)
  }

  /// A file from its first event on, whether it is still being written or finished.
  ///
  /// ``next()`` fails when a `tracectl collect` that was seen to write the file has ended without
  /// finishing it.
  public convenience init(following file: TraceFile) {
    let writer = WriterWatch(file)
    self.init(file, GrowingFile { writer.mayWrite() })
  }

  /// - Parameter onLeave: called when the trace is read no more.
  package init(
    _ file: TraceFile, _ source: (any LiveSource)?, onLeave: @escaping () -> Void = {}
  ) {
    self.file = file
    self.source = source
    self.onLeave = onLeave
    replay = Replay(file)
  }

  deinit { onLeave() }

  /// A trace whose blocks `source` feeds.
  package convenience init(
    _ source: any LiveSource, onLeave: @escaping () -> Void
  ) throws(FormatError) {
    // A live trace has no file header: the first block says which blocks belong together.
    self.init(
      try TraceFile(source: TraceBytes(bytes: [], name: "live trace"), isLive: true), source,
      onLeave: onLeave)
  }

  /// Waits a tenth of a second at most for blocks, and hands out their events.
  ///
  /// - Throws: what a handler throws; why the trace ends without being finished, as a
  ///   ``LiveTraceError`` or a ``FormatError``. Everything that came before was then handed out.
  public func next() throws -> Step { try source?.next(self) ?? .end }

  /// Hands out events until the trace is finished.
  ///
  /// - Throws: as ``next()``.
  public func run() throws { while try next() != .end {} }

  /// Takes in a block and hands out its events.
  ///
  /// - Throws: errors thrown by handlers.
  public func feed(_ block: UnsafeRawBufferPointer) throws {
    file.source.append(block)
    _ = try file.refresh()
    defer { file.keepStacksOnly() }
    try handOut()
  }

  func handOut() throws {
    try onBlocks?()
    try replay.run()
  }

  /// Hands out those events of the blocks so far that tell of what lives: processes, threads,
  /// images and code.
  func handOutState() throws {
    let filter = replay.filter
    defer { replay.filter = filter }
    replay.filter.admits = { $0.tellsState && filter.admits?($0) ?? true }
    // What came before the reader did is nobody's loss of now.
    replay.filter.time = nil
    try handOut()
  }

  /// Hands out that events came which this reader does not get.
  package func lose(_ loss: LossRecord) throws {
    file.note(loss)
    for handler in replay.lossHandlers { try handler(loss) }
  }
}

/// What brings a live trace its blocks.
package protocol LiveSource: AnyObject {
  /// Waits a tenth of a second at most for blocks, and hands out their events.
  func next(_ live: LiveTrace) throws -> LiveTrace.Step
}

/// Why a live trace ended before it was finished.
public enum LiveTraceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The collection that wrote the file has ended, and has not finished it.
  case writerGone(path: String)
  /// The session has met this error and writes no more.
  case sessionFailed(FormatError)
  /// The session has not begun, or has ended.
  case notRunning
  /// The definitions and blocks that this reader has not taken are more than its limit.
  case tooFarBehind(bytes: Int)

  public var description: String {
    switch self {
    case .writerGone(let path):
      "the collection that wrote \(path) ended without finishing it"
    case .sessionFailed(let error): "the session ended early: \(error)"
    case .notRunning: "the session does not run"
    case .tooFarBehind(let bytes):
      "the reader of the live trace is too slow: \(bytes) bytes of definitions wait for it"
    }
  }
}

extension EventSchema {
  /// Whether such events tell of what lives: processes, threads, images and code. Whoever joins a
  /// trace late needs the earlier ones.
  package var tellsState: Bool {
    switch provider {
    case SystemSchema.providerName:
      !keywords.isDisjoint(with: [
        SystemSchema.Keyword.process, SystemSchema.Keyword.thread, SystemSchema.Keyword.image,
        SystemSchema.Keyword.code,
      ])
    case RuntimeSchema.providerName:
      !keywords.isDisjoint(with: [
        RuntimeSchema.Keyword.loader, RuntimeSchema.Keyword.jit,
        RuntimeSchema.Keyword.jittedMethodILToNativeMap,
      ])
    default: false
    }
  }
}
