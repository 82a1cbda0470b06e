package import TraceEvents

/// A trace that is still being written. The handlers of its replay receive the events as blocks
/// arrive.
///
///     let live = try LiveTrace(following: TraceFile(path: "t.etl"))   // or session.liveTrace()
///     live.replay.on(GCStart.self) { event, header in … }
///     try live.run()
///
/// Any pass that subscribes to a ``Replay`` works with ``replay``.
///
/// - Guarantee: delivers the same events as a ``TraceFile`` of the same blocks, but in time order
///   only within the blocks that arrive together, because later blocks do not exist yet; see
///   ``init(following:inOrder:)``. Events
///   that a slow reader missed are losses with the cause ``LossCause/notKept``: handlers of losses
///   receive them, and ``TraceFile/lossTotals`` counts them.
/// - Cost: all work is done on the thread that calls ``run()`` or ``next()``. Memory for the blocks
///   that arrive together and for the definitions.
/// - Trap: not thread-safe.
public final class LiveTrace {
  /// The result of ``next()``.
  public enum Step: Hashable, Sendable {
    /// Blocks have arrived, and their events have been delivered.
    case blocks
    /// Nothing has arrived for this number of nanoseconds.
    case nothing(idle_ns: Int64)
    /// The trace was finished, and all its events have been delivered.
    case end
  }

  public let file: TraceFile
  public let replay: Replay
  /// Called when blocks have arrived, before their events are delivered.
  public var onBlocks: (() throws -> Void)?
  private let source: (any LiveSource)?
  private let onLeave: () -> Void
  private let isInOrder: Bool

  /// Creates a trace whose blocks are passed to ``feed(_:)``.
  public convenience init() throws(FormatError) {
    self.init(try TraceFile(source: TraceBytes(bytes: [], name: "live trace"), isLive: true), nil)
  }

  /// Creates a trace that delivers a file's events from the first one on. The file may be finished
  /// or still being written.
  ///
  /// ``next()`` fails if a `tracectl collect` was seen writing the file and has ended without
  /// finishing it.
  ///
  /// - Parameter inOrder: whether events later than ``TraceFile/completeTicks`` wait in the file
  ///   until those before them have arrived, so that all are delivered in time order. Exceptions
  ///   are events that are recorded later than the file states, such as the readings of counters.
  ///   Nothing is delivered of a file that does not state a time, until it is finished.
  public convenience init(following file: TraceFile, inOrder: Bool = false) {
    let writer = WriterWatch(file)
    self.init(file, GrowingFile { writer.mayWrite() }, inOrder: inOrder)
  }

  /// - Parameter onLeave: called when the trace is released.
  package init(
    _ file: TraceFile, _ source: (any LiveSource)?, inOrder: Bool = false,
    onLeave: @escaping () -> Void = {}
  ) {
    self.file = file
    self.source = source
    self.onLeave = onLeave
    isInOrder = inOrder
    replay = Replay(file)
    replay.isGrowing = true
  }

  deinit { onLeave() }

  /// Creates a trace whose blocks are supplied by `source`.
  package convenience init(
    _ source: any LiveSource, onLeave: @escaping () -> Void
  ) throws(FormatError) {
    // A live trace has no file header; its first block identifies the blocks that belong together.
    self.init(
      try TraceFile(source: TraceBytes(bytes: [], name: "live trace"), isLive: true), source,
      onLeave: onLeave)
  }

  /// Waits up to a tenth of a second for blocks, and delivers their events.
  ///
  /// - Throws: errors thrown by handlers; if the trace ends without being finished, the reason, as
  ///   a ``LiveTraceError`` or a ``FormatError``. All earlier events have then been delivered.
  public func next() throws -> Step { try source?.next(self) ?? .end }

  /// Delivers events until the trace is finished.
  ///
  /// - Throws: the errors of ``next()``.
  public func run() throws { while try next() != .end {} }

  /// Adds a block and delivers its events.
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
    guard isInOrder, !file.isComplete else { return try replay.run() }
    try replay.run(through: file.completeTicks ?? 0)
  }

  /// Delivers the events that wait for others, which will not come.
  public func handOutRest() throws { try replay.run() }

  /// Delivers, of the events so far, only those that describe processes, threads, images and code.
  func handOutState() throws {
    let filter = replay.filter
    defer { replay.filter = filter }
    replay.filter.admits = { $0.tellsState && filter.admits?($0) ?? true }
    // Losses before the reader joined do not concern it.
    replay.filter.time = nil
    try handOut()
  }

  /// Reports the loss of events that this reader does not receive.
  package func lose(_ loss: LossRecord) throws {
    file.note(loss)
    for handler in replay.lossHandlers { try handler(loss) }
  }
}

/// Supplies a live trace with blocks.
package protocol LiveSource: AnyObject {
  /// Waits up to a tenth of a second for blocks, and delivers their events.
  func next(_ live: LiveTrace) throws -> LiveTrace.Step
}

/// The reason why a live trace ended before it was finished.
public enum LiveTraceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The collection that wrote the file has ended without finishing it.
  case writerGone(path: String)
  /// The session has met this error and has stopped writing.
  case sessionFailed(FormatError)
  /// The session is not running.
  case notRunning
  /// The definitions that this reader has not read yet exceed its limit by themselves.
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
  /// Whether events of this type describe processes, threads, images or code. A reader that joins
  /// late needs the earlier ones.
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
