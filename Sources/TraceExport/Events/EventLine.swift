package import TraceEvents
internal import TraceFormat

/// An event as passed to the formats: its time, process, thread and CPU, and the columns that
/// contain its fields.
///
/// - Cost: only plain words, so that the compiler keeps them in registers. The thread's name and
///   the stack, which few events have, are passed separately.
package struct EventLine: BitwiseCopyable {
  /// Nanoseconds since the trace began.
  package var time: Int64
  /// Nanoseconds since 1970-01-01 UTC.
  package var unixTime: Int64
  package var cpu: UInt32
  package var pid: UInt32
  package var tid: UInt32
  /// Whether the event describes existing state rather than something that happened at ``time``.
  package var isRundown: Bool
  /// Columns of the fields, in the schema's order.
  package var columns: UnsafeBufferPointer<FieldColumn>
  /// Row of this event in ``columns``.
  package var row: Int

  package init(
    time: Int64, unixTime: Int64, cpu: UInt32, pid: UInt32, tid: UInt32, isRundown: Bool = false,
    columns: UnsafeBufferPointer<FieldColumn>, row: Int
  ) {
    self.time = time
    self.unixTime = unixTime
    self.cpu = cpu
    self.pid = pid
    self.tid = tid
    self.isRundown = isRundown
    self.columns = columns
    self.row = row
  }
}

extension EventLine {
  /// Creates a line from a replayed event, without its stack.
  @inline(__always)
  init(_ event: borrowing RawEvent) {
    // Single loads: a copy of the whole header waits for the stores that have filled it in.
    self.init(
      time: event.header.timestamp, unixTime: event.header.unixNanoseconds,
      cpu: UInt32(event.header.cpu), pid: event.header.pid, tid: event.header.tid,
      isRundown: event.header.flags.contains(.rundown),
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
  /// Sets the name of the following events' thread; nil if the trace has none.
  mutating func setThread(name: String?)
  /// Writes one event of a defined type.
  ///
  /// - Parameter stack: frames of the call stack, innermost first; empty if none was recorded or
  ///   none is to be shown.
  mutating func write(
    _ event: EventLine, stack: [NamedFrame], type: Int, to output: inout OutputBuffer)
  mutating func write(_ loss: LossLine, to output: inout OutputBuffer)
  /// Writes one event without its stack. Returns the position in its bytes at which the stack
  /// belongs.
  mutating func writeHeld(_ event: EventLine, type: Int, to output: inout OutputBuffer) -> Int
  /// Writes a stack as it appears within its event.
  func write(stack: some StackFrames, to output: inout OutputBuffer)
  /// Writes a frame as it appears within a stack.
  func write(frame: borrowing NamedFrame, to output: inout OutputBuffer)
  /// Writes that frames have a different name from the one written with their events.
  mutating func write(_ backfill: BackfillLine, to output: inout OutputBuffer)
}
