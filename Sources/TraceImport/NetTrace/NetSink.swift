internal import TraceEvents
internal import TraceFormat

/// Appends the events of a .nettrace file to a trace.
final class NetSink {
  @exclusivity(unchecked) private var recorder: Recorder
  @exclusivity(unchecked) private(set) var failure: FormatError?
  /// The number of events that a trace cannot hold.
  private(set) var refused: UInt64 = 0
  private(set) var lost: UInt64 = 0
  /// The trace's numbers of processes by pid.
  private var processes: [UInt32: UInt32] = [:]
  private var pids: [UInt32: UInt32] = [:]

  private static let processesMax = 65_536

  private let start: UInt64

  init(_ recorder: consuming Recorder, start: UInt64) {
    self.recorder = recorder
    self.start = start
    for (name, keywords) in [
      (SystemSchema.providerName, SystemSchema.keywords),
      (RuntimeSchema.providerName, RuntimeSchema.keywords),
    ] {
      self.recorder.define(provider: ProviderSchema(name: name, keywords: keywords, events: []))
    }
  }

  var eventCount: UInt64 { recorder.eventCount }

  /// The trace's number for a schema; nil if the trace cannot have it.
  func number(of schema: EventSchema) -> UInt16? { try? recorder.number(of: schema) }

  /// The trace's number of a process, which is defined on first use.
  func process(_ pid: UInt32) -> UInt32 {
    if let known = processes[pid] { return known }
    guard processes.count < Self.processesMax else { return ProcessNumbers.undefined }
    let index = recorder.addProcess(ProcessRecord(pid: pid, joinTicks: start))
    processes[pid] = index
    pids[index] = pid
    return index
  }

  /// The pid of a process; nil if it is not known.
  func pid(of process: UInt32) -> UInt32? { pids[process] }

  /// Adds what a process was started with.
  func describe(process index: UInt32, pid: UInt32, _ command: [String]) {
    guard let executable = command.first, index != ProcessNumbers.undefined else { return }
    recorder.define(
      process: ProcessRecord(
        index: index, pid: pid, executable: executable, arguments: command,
        joinTicks: start))
  }

  func name(thread tid: UInt32, _ name: String, process: UInt32, ticks: UInt64) {
    append { recorder throws(FormatError) in
      try recorder.addThread(tid, named: name, of: process, atTicks: ticks)
    }
  }

  func lose(_ count: UInt64, stream: UInt32, from: UInt64, to: UInt64, process: UInt32) {
    lost &+= count
    recorder.addLoss(
      LossRecord(
        stream: stream, cpu: EventHeader.noCPU, cause: .bufferFull, count: count,
        fromTicks: min(from, to), toTicks: to, processIndex: process))
  }

  @inline(__always)
  func write(
    _ ref: UInt16, _ header: RecordHeader, _ stack: [UInt64],
    _ encode: (inout EventEncoder) -> Void
  ) {
    append { recorder throws(FormatError) in
      try recorder.append(numbered: ref, header, stack: stack, encode: encode)
    }
  }

  func write<Event: TraceEvent>(_ event: Event, _ header: RecordHeader, _ stack: [UInt64] = []) {
    append { recorder throws(FormatError) in try recorder.append(event, header, stack: stack) }
  }

  func refuse() { refused += 1 }

  @inline(__always)
  private func append(_ body: (inout Recorder) throws(FormatError) -> Void) {
    guard failure == nil else { return }
    do throws(FormatError) { try body(&recorder) } catch {
      switch error {
      case .unacceptableEvent, .unacceptableSchema: refused += 1
      default: failure = error
      }
    }
  }

  func finish(_ sync: ClockSync) {
    recorder.addClockSync(sync)
    append { recorder throws(FormatError) in try recorder.finish() }
  }
}
