package import TraceAnalysis
import TraceEvents
package import TraceFormat

/// Writes a trace's events in a format, in time order, losses among them.
///
/// - Guarantee: memory is bounded by the replay's and the buffer's, whatever the trace's size.
/// - Cost: see ``EventFormat``; no allocation an event, but for one that has a stack.
package struct Exporter {
  private let export: any Export

  /// Writes to `descriptor` at most `limit` events. `isGrowing`: types may come that the file does
  /// not have yet.
  ///
  /// - Parameter names: what names the stacks' frames; without, stacks are left out.
  package init(
    _ file: TraceFile, as format: ExportFormat, to descriptor: CInt,
    filter: ReplayFilter = ReplayFilter(), limit: UInt64? = nil, isGrowing: Bool = false,
    names: (any FrameNames)? = nil
  ) {
    let replay = Replay(file)
    replay.filter = filter
    let output = OutputBuffer(descriptor: descriptor)
    let limit = limit ?? .max
    // Spelled out, so that the compiler makes a copy of the event's path for each format.
    switch format {
    case .text:
      export = FormatExport(replay, TextFormat(), output, limit: limit, names)
    case .json:
      export = FormatExport(replay, JSONFormat(), output, limit: limit, names)
    case .csv:
      export = FormatExport(
        replay, CSVFormat(collectsOther: isGrowing), output, limit: limit, names)
    }
  }

  /// As above of a file that grows, with names as far as they are known, and backfill records when
  /// others are found later.
  ///
  /// - Parameter hold: nanoseconds that an event waits for its names.
  package init(
    following file: TraceFile, as format: ExportFormat, to descriptor: CInt,
    filter: ReplayFilter = ReplayFilter(), limit: UInt64? = nil, names: LiveSymbolizer,
    hold: Int64
  ) {
    let output = OutputBuffer(descriptor: descriptor)
    let limit = limit ?? .max
    switch format {
    case .text:
      export = FollowingExport(file, filter, TextFormat(), output, limit: limit, names, hold)
    case .json:
      export = FollowingExport(file, filter, JSONFormat(), output, limit: limit, names, hold)
    case .csv:
      let format = CSVFormat(collectsOther: true)
      export = FollowingExport(file, filter, format, output, limit: limit, names, hold)
    }
  }

  /// `errno` of the write that failed, or 0; `EPIPE` when nobody reads any more.
  package var failure: CInt { export.failure }

  /// True when the limit is reached or nothing can be written any more.
  package var isFinished: Bool { export.isFinished }

  /// Whether all events came in time order; see ``Replay/isOrdered``.
  package var isOrdered: Bool { export.isOrdered }

  /// Writes what the file has now; called again after ``TraceFile/refresh()``, what has come since.
  package func run() throws { try export.run() }

  /// Nothing came for so many nanoseconds: what was held only for them is written.
  package func idle(for nanoseconds: Int64) { export.idle(for: nanoseconds) }

  /// Nothing will come any more: writes what was held.
  package func finish() { export.finish() }
}

protocol Export {
  var failure: CInt { get }
  var isFinished: Bool { get }
  var isOrdered: Bool { get }
  func run() throws
  func idle(for nanoseconds: Int64)
  func finish()
}

extension Export {
  func idle(for nanoseconds: Int64) {}
  func finish() {}
}

private final class FormatExport<Format: EventFormat>: Export {
  /// Lies outside the class: handlers write to it without the checks that a class's properties
  /// have.
  private struct State: ~Copyable {
    var format: Format
    var output: OutputBuffer
    var remaining: UInt64
  }

  private let replay: Replay
  private let state: UnsafeMutablePointer<State>
  private var definedTypes = 0

  init(
    _ replay: Replay, _ format: Format, _ output: consuming OutputBuffer, limit: UInt64,
    _ names: (any FrameNames)?
  ) {
    let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
    state.initialize(to: State(format: format, output: output, remaining: limit))
    self.state = state
    self.replay = replay
    defineTypes()
    state.pointee.format.begin(&state.pointee.output)
    let file = replay.file
    replay.onAny { event throws(any Error) in
      try Self.write(event, of: file, names, to: &state.pointee)
    }
    replay.onLoss { loss throws(any Error) in try Self.write(loss, of: file, to: &state.pointee) }
  }

  deinit {
    state.deinitialize(count: 1)
    state.deallocate()
  }

  var failure: CInt { state.pointee.output.failure }

  var isOrdered: Bool { replay.isOrdered }

  var isFinished: Bool { state.pointee.remaining == 0 || failure != 0 }

  func run() throws {
    defineTypes()
    if !isFinished { try replay.run() }
    state.pointee.output.flush()
  }

  private func defineTypes() {
    for type in replay.file.eventTypes[definedTypes...] {
      state.pointee.format.define(type: type.index, schema: type.schema)
    }
    definedTypes = replay.file.eventTypes.count
  }

  @inline(__always)
  private static func write(
    _ event: borrowing RawEvent, of file: TraceFile, _ names: (any FrameNames)?,
    to state: inout State
  ) throws {
    let header = event.header
    var line = EventLine(event)
    if header.stack.rawValue != 0, let names {
      line.stack = try names.frames(
        file.stack(header.stack), pid: header.pid, at: header.timestamp)
    }
    state.format.write(line, type: event.typeIndex, to: &state.output)
    state.remaining &-= 1
    if state.remaining == 0 || state.output.failure != 0 { throw ReplayStop() }
  }

  private static func write(
    _ loss: LossRecord, of file: TraceFile, to state: inout State
  ) throws {
    state.format.write(LossLine(loss, of: file), to: &state.output)
    if state.output.failure != 0 { throw ReplayStop() }
  }
}
