internal import TraceEvents
internal import TraceFormat
internal import TraceKernel

/// Appends a translator's events to a trace.
///
/// The translator knows CPU samples only; a sample of another event is written as what it is
/// (``SampleOutput``).
final class PerfSink: KernelEventSink {
  private var recorder: Recorder
  /// The CPU of the record that is being translated.
  var cpu: UInt32?
  /// Whether it describes what was there before the recording began.
  var isRundown = false
  /// What the sample that is being translated becomes; nil for no sample.
  var output: SampleOutput?
  var data = PerfDataSample()
  private var ledger = AppendLedger()
  private(set) var lost: UInt64 = 0
  /// The definitions of processes that may still run another program.
  private var running: [UInt32: ProcessRecord] = [:]

  /// A hostile file has more than that.
  private static let lossMax: UInt64 = 1 << 40
  private static let framesMax = 8000
  private static let runningMax = 65_536

  init(_ recorder: consuming Recorder) { self.recorder = recorder }

  var eventCount: UInt64 { recorder.eventCount }

  // MARK: KernelEventSink

  func define(_ process: ProcessRecord) {
    if running.count < Self.runningMax { running[process.index] = process }
    recorder.define(process: process)
  }

  func rename(process index: UInt32, to name: String) {
    guard var process = running[index], process.executable != name else { return }
    process.executable = name
    define(process)
  }

  func end(process index: UInt32, atTicks ticks: UInt64) {
    running[index] = nil
    recorder.endProcess(index, atTicks: ticks)
  }

  func lose(_ loss: KernelLoss) {
    let count = min(loss.count, Self.lossMax)
    lost &+= count
    recorder.addLoss(
      LossRecord(
        stream: stream, cpu: cpuNumber, cause: .kernelBufferFull, count: count,
        fromTicks: min(loss.fromTicks, loss.toTicks), toTicks: loss.toTicks))
  }

  func add<Event: TraceEvent>(_ event: Event, _ header: KernelEventHeader) {
    write(event, header, [])
  }

  func add<Event: TraceEvent>(_ event: Event, stack: [UInt64], _ header: KernelEventHeader) {
    guard let output, Event.self == SampledProfile.self else { return write(event, header, stack) }
    switch output {
    case .cpuTime(let source):
      write(SampledProfile(weight: data.sample.period, source: source), header, stack)
    case .numbered(let ref, let encode): write(ref, header, stack) { encode(data, &$0) }
    case .nothing: ledger.refuse()
    case .switchOut, .wakeUp: break
    }
  }

  // MARK: Writing

  /// The trace's number for a schema; nil if the trace cannot have it.
  func number(of schema: EventSchema) -> UInt16? { try? recorder.number(of: schema) }

  func define(provider: ProviderSchema) { recorder.define(provider: provider) }

  /// Writes an event of no CPU, such as a piece of code.
  func write<Event: TraceEvent>(
    _ event: Event, ticks: UInt64, process: UInt32, tid: UInt32, stream: UInt32,
    flags: EventFlags = []
  ) {
    append { recorder throws(FormatError) in
      try recorder.append(
        event, RecordHeader(ticks: ticks, process: process, tid: tid, stream: stream, flags: flags))
    }
  }

  private var stream: UInt32 {
    cpu.flatMap(Int32.init(exactly:)).map(StreamNumbers.cpu) ?? StreamNumbers.machine
  }

  private var cpuNumber: UInt16 { cpu.flatMap(UInt16.init(exactly:)) ?? EventHeader.noCPU }

  private func header(_ header: KernelEventHeader) -> RecordHeader {
    RecordHeader(
      ticks: header.ticks, process: header.process, tid: header.tid, stream: stream,
      cpu: cpuNumber, flags: isRundown ? header.flags.union(.rundown) : header.flags)
  }

  private func write<Event: TraceEvent>(
    _ event: Event, _ header: KernelEventHeader, _ stack: [UInt64]
  ) {
    let record = self.header(header)
    let stack = stack.count > Self.framesMax ? Array(stack.prefix(Self.framesMax)) : stack
    append { recorder throws(FormatError) in try recorder.append(event, record, stack: stack) }
  }

  private func write(
    _ ref: UInt16, _ header: KernelEventHeader, _ stack: [UInt64],
    _ encode: (inout EventEncoder) -> Void
  ) {
    let record = self.header(header)
    let stack = stack.count > Self.framesMax ? Array(stack.prefix(Self.framesMax)) : stack
    append { recorder throws(FormatError) in
      try recorder.append(numbered: ref, record, stack: stack, encode: encode)
    }
  }

  var failure: FormatError? { ledger.failure }
  /// The number of events that a trace cannot hold.
  var refused: UInt64 { ledger.refused }

  @inline(__always)
  private func append(_ body: (inout Recorder) throws(FormatError) -> Void) {
    ledger.append { () throws(FormatError) in try body(&recorder) }
  }

  /// Adds simultaneous readings of the clocks; the trace needs two for its wall clock.
  func synchronize(_ sync: ClockSync) { recorder.addClockSync(sync) }

  func finish() {
    append { recorder throws(FormatError) in try recorder.finish() }
  }
}

/// What the samples of an event become.
enum SampleOutput {
  /// CPU samples whose period is a time.
  case cpuTime(SampleSource)
  /// An event with this number in the trace.
  case numbered(UInt16, (PerfDataSample, inout EventEncoder) -> Void)
  /// Context switches.
  case switchOut
  /// Wake-ups.
  case wakeUp
  /// The trace has too many kinds of events.
  case nothing
}
