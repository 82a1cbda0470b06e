internal import TraceEvents
internal import TraceFormat

/// Appends the events of a .nettrace file to a trace.
final class NetSink {
  private let output: any NetOutput
  // One thread imports, so access needs no run-time check.
  @exclusivity(unchecked) private var ledger = AppendLedger()
  private(set) var lost: UInt64 = 0
  /// The trace's numbers of processes by pid.
  private var processes: [UInt32: UInt32] = [:]
  private var pids: [UInt32: UInt32] = [:]

  private static let processesMax = 65_536

  private let start: UInt64

  init(_ output: any NetOutput, start: UInt64) {
    self.output = output
    self.start = start
    for (name, keywords) in [
      (SystemSchema.providerName, SystemSchema.keywords),
      (RuntimeSchema.providerName, RuntimeSchema.keywords),
    ] {
      output.define(provider: ProviderSchema(name: name, keywords: keywords, events: []))
    }
  }

  var eventCount: UInt64 { output.eventCount }

  /// Whether samples of the runtime's own profiler count as CPU samples.
  var takesSamples: Bool { output.takesSamples }

  /// Whether events of a type are kept, and whether their stacks are.
  func admits(_ schema: EventSchema) -> (event: Bool, stack: Bool) { output.admits(schema) }

  /// The trace's number for a schema; nil if the trace cannot have it.
  func number(of schema: EventSchema) -> UInt16? { output.number(of: schema) }

  /// The trace's number of a process, which is defined on first use.
  func process(_ pid: UInt32) -> UInt32 {
    if let known = processes[pid] { return known }
    guard processes.count < Self.processesMax else { return ProcessNumbers.undefined }
    let index = output.addProcess(ProcessRecord(pid: pid, joinTicks: start))
    processes[pid] = index
    pids[index] = pid
    return index
  }

  /// The pid of a process; nil if it is not known.
  func pid(of process: UInt32) -> UInt32? { pids[process] }

  /// Adds what a process was started with.
  func describe(process index: UInt32, pid: UInt32, _ command: [String]) {
    guard let executable = command.first, index != ProcessNumbers.undefined else { return }
    output.describe(
      ProcessRecord(
        index: index, pid: pid, executable: executable, arguments: command, joinTicks: start))
  }

  func name(thread tid: UInt32, _ name: String, process: UInt32, ticks: UInt64) {
    append { output throws(FormatError) in
      try output.addThread(tid, named: name, of: process, atTicks: ticks)
    }
  }

  func lose(_ count: UInt64, stream: UInt32, from: UInt64, to: UInt64, process: UInt32) {
    lost &+= count
    output.addLoss(
      LossRecord(
        stream: stream, cpu: EventHeader.noCPU, cause: .runtimeBufferFull, count: count,
        fromTicks: min(from, to), toTicks: to, processIndex: process))
  }

  @inline(__always)
  func write(
    _ ref: UInt16, _ header: RecordHeader, _ stack: [UInt64],
    _ encode: (inout EventEncoder) -> Void
  ) {
    append { output throws(FormatError) in
      try output.append(numbered: ref, header, stack: stack, encode: encode)
    }
  }

  func write<Event: TraceEvent>(_ event: Event, _ header: RecordHeader, _ stack: [UInt64] = []) {
    append { output throws(FormatError) in try output.append(event, header, stack: stack) }
  }

  var failure: FormatError? { ledger.failure }
  /// The number of events that a trace cannot hold.
  var refused: UInt64 { ledger.refused }
  func refuse() { ledger.refuse() }

  @inline(__always)
  private func append(_ body: (any NetOutput) throws(FormatError) -> Void) {
    ledger.append { () throws(FormatError) in try body(output) }
  }

  func finish(_ sync: ClockSync) {
    append { output throws(FormatError) in try output.finish(sync) }
  }
}
