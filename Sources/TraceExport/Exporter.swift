import TraceEvents
package import TraceFormat

/// Writes a trace's events in a format, in time order, losses among them.
///
/// - Guarantee: memory is bounded by the replay's and the buffer's, whatever the trace's size.
/// - Cost: see ``EventFormat``; no allocation an event, but for one that has a stack.
package final class Exporter<Format: EventFormat> {
  private let file: TraceFile
  private let replay: Replay
  private var format: Format
  private var output: OutputBuffer
  private var definedTypes = 0
  private var remaining: UInt64

  /// Events written so far.
  package private(set) var eventCount: UInt64 = 0

  /// Writes to `descriptor` at most `limit` events.
  package init(
    _ file: TraceFile, as format: Format, to descriptor: CInt,
    filter: ReplayFilter = ReplayFilter(),
    limit: UInt64? = nil
  ) {
    self.file = file
    self.format = format
    output = OutputBuffer(descriptor: descriptor)
    remaining = limit ?? .max
    replay = Replay(file)
    replay.filter = filter
    defineTypes()
    self.format.begin(&output)
    replay.onAny { [unowned self] event throws(any Error) in try write(event) }
    replay.onLoss { [unowned self] loss throws(any Error) in try write(loss) }
  }

  /// `errno` of the write that failed, or 0; `EPIPE` when nobody reads any more.
  package var failure: CInt { output.failure }

  /// True when the limit is reached or nothing can be written any more.
  package var isFinished: Bool { remaining == 0 || output.failure != 0 }

  /// Writes what the file has now; called again after ``TraceFile/refresh()``, what has come since.
  package func run() throws {
    defineTypes()
    if !isFinished { try replay.run() }
    output.flush()
  }

  private func defineTypes() {
    for type in file.eventTypes[definedTypes...] {
      format.define(type: type.index, schema: type.schema)
    }
    definedTypes = file.eventTypes.count
  }

  private func write(_ event: borrowing RawEvent) throws {
    let header = event.header
    var line = EventLine(
      time: header.timestamp, unixTime: header.unixNanoseconds, cpu: UInt32(header.cpu),
      pid: header.pid, tid: header.tid, isRundown: header.flags.contains(.rundown),
      columns: event.columns, row: event.row)
    if header.stack == .none {
      format.write(line, type: event.typeIndex, to: &output)
    } else {
      file.stack(header.stack).withUnsafeBufferPointer { stack in
        line.stack = stack
        format.write(line, type: event.typeIndex, to: &output)
      }
    }
    eventCount &+= 1
    remaining &-= 1
    if remaining == 0 || output.failure != 0 { throw ReplayStop() }
  }

  private func write(_ loss: LossRecord) throws {
    format.write(
      LossLine(
        from: file.timestamp(ofTicks: loss.fromTicks), to: file.timestamp(ofTicks: loss.toTicks),
        cpu: UInt32(loss.cpu), count: loss.count, cause: loss.cause.name),
      to: &output)
    if output.failure != 0 { throw ReplayStop() }
  }
}
