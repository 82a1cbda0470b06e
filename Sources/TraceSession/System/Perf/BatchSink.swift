import TraceEvents
import TraceFormat
import TraceKernel

/// Writes the events translated from the kernel's records into the session's batches, one stretch
/// for each CPU.
final class BatchSink: KernelEventSink {
  private let refs: SystemRefs
  private let cpus: [Int32]
  /// The session's number of a process that has joined.
  private let joinedIndex: (_ pid: UInt32) -> UInt32?
  /// The current batch.
  @exclusivity(unchecked) private var batch = SystemBatch()
  /// Stretches by ring; the last is for events that come from no ring.
  @exclusivity(unchecked) private var stretches: [Int] = []

  init(
    refs: SystemRefs, cpus: [Int32], joinedIndex: @escaping (_ pid: UInt32) -> UInt32?
  ) {
    self.refs = refs
    self.cpus = cpus
    self.joinedIndex = joinedIndex
  }

  /// Directs further events into this batch.
  func begin(_ batch: SystemBatch) {
    self.batch = batch
    stretches = cpus.map { cpu in
      batch.stretch(
        stream: StreamNumbers.cpu(cpu), cpu: UInt16(truncatingIfNeeded: cpu))
    }
    stretches.append(
      batch.stretch(stream: StreamNumbers.machine, cpu: EventHeader.noCPU))
  }

  func processIndex(ofJoined pid: UInt32) -> UInt32? { joinedIndex(pid) }

  func define(_ process: ProcessRecord) { batch.add(process: process) }

  func rename(process index: UInt32, to name: String) { batch.rename(process: index, name) }

  func end(process index: UInt32, atTicks ticks: UInt64) {
    batch.add(endOf: index, atTicks: ticks)
  }

  func lose(_ loss: KernelLoss) {
    let cpu = cpus[loss.ring]
    batch.add(
      loss: LossRecord(
        stream: StreamNumbers.cpu(cpu), cpu: UInt16(truncatingIfNeeded: cpu),
        cause: .kernelBufferFull, count: loss.count, fromTicks: loss.fromTicks,
        toTicks: loss.toTicks))
  }

  func add<Event: TraceEvent>(_ event: Event, _ header: KernelEventHeader) {
    batch.add(
      event, batchHeader(header, refs.ref(of: Event.self), header.flags),
      stretch: stretches[header.ring ?? cpus.count])
  }

  func add<Event: TraceEvent>(_ event: Event, stack: [UInt64], _ header: KernelEventHeader) {
    batch.add(
      event, stack: stack,
      batchHeader(header, refs.ref(of: Event.self), header.flags.union(.stack)),
      stretch: stretches[header.ring ?? cpus.count])
  }

  private func batchHeader(
    _ header: KernelEventHeader, _ ref: UInt16, _ flags: EventFlags
  ) -> SystemBatch.Header {
    SystemBatch.Header(
      ref: ref, flags: flags, ticks: header.ticks, process: header.process, tid: header.tid)
  }
}
