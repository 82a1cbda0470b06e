package import TraceEvents
internal import TraceFormat

/// An event as passed to the formats: its time, process, thread and CPU, and the columns that
/// contain its fields.
package struct EventLine {
  /// Nanoseconds since the trace began.
  package var time: Int64
  /// Nanoseconds since 1970-01-01 UTC.
  package var unixTime: Int64
  package var cpu: UInt32
  package var pid: UInt32
  package var tid: UInt32
  /// Name of the thread at that time; nil if not recorded in the trace.
  package var threadName: String?
  /// Whether the event describes existing state rather than something that happened at ``time``.
  package var isRundown: Bool
  /// Frames of the call stack, innermost first; empty if none was recorded or none is to be shown.
  package var stack: [NamedFrame]
  /// Columns of the fields, in the schema's order.
  package var columns: UnsafeBufferPointer<FieldColumn>
  /// Row of this event in ``columns``.
  package var row: Int

  package init(
    time: Int64, unixTime: Int64, cpu: UInt32, pid: UInt32, tid: UInt32, isRundown: Bool = false,
    stack: [NamedFrame] = [],
    columns: UnsafeBufferPointer<FieldColumn>, row: Int
  ) {
    self.time = time
    self.unixTime = unixTime
    self.cpu = cpu
    self.pid = pid
    self.tid = tid
    self.isRundown = isRundown
    self.stack = stack
    self.columns = columns
    self.row = row
  }
}

extension EventLine {
  /// Creates a line from a replayed event, without its stack.
  @inline(__always)
  init(_ event: borrowing RawEvent) {
    let header = event.header
    self.init(
      time: header.timestamp, unixTime: header.unixNanoseconds, cpu: UInt32(header.cpu),
      pid: header.pid, tid: header.tid, isRundown: header.flags.contains(.rundown),
      columns: event.columns, row: event.row)
  }
}

extension LossLine {
  init(_ loss: LossRecord, in replay: Replay) {
    let file = replay.file
    self.init(
      from: file.timestamp(ofTicks: loss.fromTicks), to: file.timestamp(ofTicks: loss.toTicks),
      cpu: UInt32(loss.cpu), count: loss.count, cause: loss.cause.name)
  }
}

/// Events that were emitted but are not in the trace.
package struct LossLine: Hashable, Sendable {
  /// Start of the time span of the losses, in nanoseconds since the trace began.
  package var from: Int64
  package var to: Int64
  package var cpu: UInt32
  package var count: UInt64
  /// Description of the cause: "buffer full".
  package var cause: String

  package init(from: Int64, to: Int64, cpu: UInt32, count: UInt64, cause: String) {
    self.from = from
    self.to = to
    self.cpu = cpu
    self.count = count
    self.cause = cause
  }
}

/// A new or changed name for frames of events that have already been written.
package struct BackfillLine: Hashable, Sendable {
  package var pid: UInt32
  package var frame: NamedFrame
  /// Times of the events, in nanoseconds since the trace began; at least one.
  package var times: [Int64]

  package init(pid: UInt32, frame: NamedFrame, times: [Int64]) {
    self.pid = pid
    self.frame = frame
    self.times = times
  }
}

/// An output format for events. An event costs no allocation.
package protocol EventFormat {
  /// Defines the type with this number. Numbers are small and may come in any order.
  mutating func define(type: Int, schema: EventSchema)
  /// Writes the header before the first event, after the initially known types have been defined.
  mutating func begin(_ output: inout OutputBuffer)
  /// Writes one event of a defined type.
  mutating func write(_ event: borrowing EventLine, type: Int, to output: inout OutputBuffer)
  mutating func write(_ loss: LossLine, to output: inout OutputBuffer)
  /// Writes one event without its stack. Returns the position in its bytes at which the stack
  /// belongs.
  mutating func writeHeld(
    _ event: borrowing EventLine, type: Int, to output: inout OutputBuffer
  ) -> Int
  /// Writes a stack as it appears within its event.
  func write(stack: [NamedFrame], to output: inout OutputBuffer)
  /// Writes that frames have a different name from the one written with their events.
  mutating func write(_ backfill: BackfillLine, to output: inout OutputBuffer)
}
