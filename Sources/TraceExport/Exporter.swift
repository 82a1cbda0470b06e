import TraceEvents
package import TraceFormat

/// Writes a trace's events in a format, in time order, losses among them.
///
/// - Guarantee: memory is bounded by the replay's and the buffer's, whatever the trace's size.
/// - Cost: see ``EventFormat``; no allocation an event, but for one that has a stack.
package final class Exporter<Format: EventFormat> {
  /// Lies outside the class: handlers write to it without the checks that a class's properties
  /// have.
  private struct State: ~Copyable {
    var format: Format
    var output: OutputBuffer
    var eventCount: UInt64 = 0
    var remaining: UInt64
  }

  private let file: TraceFile
  private let replay: Replay
  private let state: UnsafeMutablePointer<State>
  private var definedTypes = 0

  /// Writes to `descriptor` at most `limit` events.
  package init(
    _ file: TraceFile, as format: Format, to descriptor: CInt,
    filter: ReplayFilter = ReplayFilter(),
    limit: UInt64? = nil
  ) {
    self.file = file
    let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
    state.initialize(
      to: State(
        format: format, output: OutputBuffer(descriptor: descriptor), remaining: limit ?? .max))
    self.state = state
    replay = Replay(file)
    replay.filter = filter
    defineTypes()
    state.pointee.format.begin(&state.pointee.output)
    replay.onAny { [file] event throws(any Error) in
      try Self.write(event, of: file, to: &state.pointee)
    }
    replay.onLoss { [file] loss throws(any Error) in
      try Self.write(loss, of: file, to: &state.pointee)
    }
  }

  deinit {
    state.deinitialize(count: 1)
    state.deallocate()
  }

  /// Events written so far.
  package var eventCount: UInt64 { state.pointee.eventCount }

  /// `errno` of the write that failed, or 0; `EPIPE` when nobody reads any more.
  package var failure: CInt { state.pointee.output.failure }

  /// True when the limit is reached or nothing can be written any more.
  package var isFinished: Bool { state.pointee.remaining == 0 || failure != 0 }

  /// Writes what the file has now; called again after ``TraceFile/refresh()``, what has come since.
  package func run() throws {
    defineTypes()
    if !isFinished { try replay.run() }
    state.pointee.output.flush()
  }

  private func defineTypes() {
    for type in file.eventTypes[definedTypes...] {
      state.pointee.format.define(type: type.index, schema: type.schema)
    }
    definedTypes = file.eventTypes.count
  }

  @inline(__always)
  private static func write(
    _ event: borrowing RawEvent, of file: TraceFile, to state: inout State
  ) throws {
    let header = event.header
    var line = EventLine(
      time: header.timestamp, unixTime: header.unixNanoseconds, cpu: UInt32(header.cpu),
      pid: header.pid, tid: header.tid, isRundown: header.flags.contains(.rundown),
      columns: event.columns, row: event.row)
    if header.stack == .none {
      state.format.write(line, type: event.typeIndex, to: &state.output)
    } else {
      file.stack(header.stack).withUnsafeBufferPointer { stack in
        line.stack = stack
        state.format.write(line, type: event.typeIndex, to: &state.output)
      }
    }
    state.eventCount &+= 1
    state.remaining &-= 1
    if state.remaining == 0 || state.output.failure != 0 { throw ReplayStop() }
  }

  private static func write(
    _ loss: LossRecord, of file: TraceFile, to state: inout State
  ) throws {
    state.format.write(
      LossLine(
        from: file.timestamp(ofTicks: loss.fromTicks), to: file.timestamp(ofTicks: loss.toTicks),
        cpu: UInt32(loss.cpu), count: loss.count, cause: loss.cause.name),
      to: &state.output)
    if state.output.failure != 0 { throw ReplayStop() }
  }
}
