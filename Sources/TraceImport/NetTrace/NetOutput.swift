package import TraceEvents
package import TraceFormat

/// Where the events of a .nettrace stream go: into a trace of their own, or into that of a session.
///
/// Times are nanoseconds of the recording's clock. The numbers of streams begin at
/// ``StreamNumbers/imported(_:)`` of 0.
package protocol NetOutput: AnyObject {
  var eventCount: UInt64 { get }
  /// Whether samples of the runtime's own profiler count as CPU samples.
  var takesSamples: Bool { get }

  /// Whether events of a type are kept, and whether their stacks are.
  func admits(_ schema: EventSchema) -> (event: Bool, stack: Bool)

  func define(provider: ProviderSchema)
  /// The trace's number for a schema; nil if the trace cannot have it.
  func number(of schema: EventSchema) -> UInt16?
  /// Adds a process, and returns the trace's number of it.
  func addProcess(_ process: ProcessRecord) -> UInt32
  /// Adds what is known about a process later.
  func describe(_ process: ProcessRecord)
  func addThread(
    _ tid: UInt32, named name: String, of process: UInt32, atTicks ticks: UInt64
  ) throws(FormatError)
  func addLoss(_ loss: LossRecord)

  func append(
    numbered ref: UInt16, _ header: RecordHeader, stack: [UInt64],
    encode: (inout EventEncoder) -> Void
  ) throws(FormatError)
  func append<Event: TraceEvent>(
    _ event: Event, _ header: RecordHeader, stack: [UInt64]
  ) throws(FormatError)

  /// Ends the output.
  func finish(_ sync: ClockSync) throws(FormatError)
}

/// A trace that has the events of one .nettrace file.
final class RecorderOutput: NetOutput {
  @exclusivity(unchecked) private var recorder: Recorder

  init(_ recorder: consuming Recorder) { self.recorder = recorder }

  var eventCount: UInt64 { recorder.eventCount }
  var takesSamples: Bool { true }

  func admits(_ schema: EventSchema) -> (event: Bool, stack: Bool) { (true, true) }
  func define(provider: ProviderSchema) { recorder.define(provider: provider) }
  func number(of schema: EventSchema) -> UInt16? { try? recorder.number(of: schema) }
  func addProcess(_ process: ProcessRecord) -> UInt32 { recorder.addProcess(process) }
  func describe(_ process: ProcessRecord) { recorder.define(process: process) }

  func addThread(
    _ tid: UInt32, named name: String, of process: UInt32, atTicks ticks: UInt64
  ) throws(FormatError) {
    try recorder.addThread(tid, named: name, of: process, atTicks: ticks)
  }

  func addLoss(_ loss: LossRecord) { recorder.addLoss(loss) }

  func append(
    numbered ref: UInt16, _ header: RecordHeader, stack: [UInt64],
    encode: (inout EventEncoder) -> Void
  ) throws(FormatError) {
    try recorder.append(numbered: ref, header, stack: stack, encode: encode)
  }

  func append<Event: TraceEvent>(
    _ event: Event, _ header: RecordHeader, stack: [UInt64]
  ) throws(FormatError) {
    try recorder.append(event, header, stack: stack)
  }

  func finish(_ sync: ClockSync) throws(FormatError) {
    recorder.addClockSync(sync)
    try recorder.finish()
  }
}
