import TraceEvents
import TraceFormat

/// Writes counters into batches, those of one thing into one stream: the values of a column then
/// differ little.
struct CounterOutput {
  /// The numbers of streams.
  enum Stream {
    static let machine: UInt16 = 0
    static let pressure: UInt16 = 1
    static let disks: UInt16 = 100
    static let networks: UInt16 = 200
    static let cpuCgroups: UInt16 = 300
    static let memoryCgroups: UInt16 = 400
    static let processes: UInt16 = 500
    static let cpus: UInt16 = 1000
  }

  let refs: SystemRefs

  /// - Parameter process: nil for an event about the machine.
  func add<Event: TraceEvent>(
    _ event: Event, _ stream: UInt16, cpu: UInt16 = EventHeader.noCPU, _ ticks: UInt64,
    process: CountedProcess? = nil, _ batch: SystemBatch
  ) {
    let header = SystemBatch.Header(
      ref: refs.ref(of: Event.self), ticks: ticks,
      process: process?.index ?? ProcessNumbers.machine, tid: process?.pid ?? 0)
    batch.add(
      event, header, stretch: batch.stretch(stream: StreamNumbers.counters(stream), cpu: cpu))
  }
}
