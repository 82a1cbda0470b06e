package import TraceEvents
internal import TraceFormat

/// One event as the formats see it: who, when, where, and the columns that hold its fields.
package struct EventLine {
  /// Nanoseconds since the trace began.
  package var time: Int64
  /// Nanoseconds since 1970-01-01 UTC.
  package var unixTime: Int64
  package var cpu: UInt32
  package var pid: UInt32
  package var tid: UInt32
  /// What the thread was called then; nil where the trace does not say.
  package var threadName: String?
  /// The event tells what already was, not what happened at ``time``.
  package var isRundown: Bool
  /// Frames of the call stack, innermost first; empty when none was taken, or none is to be shown.
  package var stack: [NamedFrame]
  /// The fields, in the schema's order.
  package var columns: UnsafeBufferPointer<FieldColumn>
  /// Which row of ``columns`` is this event's.
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
  /// An event as a replay hands it out, without its stack.
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

/// Events that were emitted and are not in the trace.
package struct LossLine: Hashable, Sendable {
  /// Nanoseconds since the trace began between which they were lost.
  package var from: Int64
  package var to: Int64
  package var cpu: UInt32
  package var count: UInt64
  /// In words: "buffer full".
  package var cause: String

  package init(from: Int64, to: Int64, cpu: UInt32, count: UInt64, cause: String) {
    self.from = from
    self.to = to
    self.cpu = cpu
    self.count = count
    self.cause = cause
  }
}

/// Frames of events that were written before have a name now, or another.
package struct BackfillLine: Hashable, Sendable {
  package var pid: UInt32
  package var frame: NamedFrame
  /// The events' times, in nanoseconds since the trace began; at least one.
  package var times: [Int64]

  package init(pid: UInt32, frame: NamedFrame, times: [Int64]) {
    self.pid = pid
    self.frame = frame
    self.times = times
  }
}

/// How events become bytes. One type a format; an event costs no allocation.
package protocol EventFormat {
  /// Makes the type with this number known; numbers are small and given in any order.
  mutating func define(type: Int, schema: EventSchema)
  /// What stands before the first event; called when the types known at the start are defined.
  mutating func begin(_ output: inout OutputBuffer)
  /// Writes one event of a type that was defined.
  mutating func write(_ event: borrowing EventLine, type: Int, to output: inout OutputBuffer)
  mutating func write(_ loss: LossLine, to output: inout OutputBuffer)
  /// Writes one event, its stack left out; gives where in its bytes the stack goes.
  mutating func writeHeld(
    _ event: borrowing EventLine, type: Int, to output: inout OutputBuffer
  ) -> Int
  /// Writes a stack as it stands within its event.
  func write(stack: [NamedFrame], to output: inout OutputBuffer)
  /// Writes that frames have another name than was written with their events.
  mutating func write(_ backfill: BackfillLine, to output: inout OutputBuffer)
}
