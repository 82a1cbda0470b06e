import TestSupport
import TraceEvents
import TraceFormat

/// Writes a trace with events for every report, round by round, so that pairs of events lie in
/// different rounds, and one stream lags behind.
struct GrowingTrace: ~Copyable {
  static let round_ns: UInt64 = 1_000_000

  let path: String
  var trace: SampledTrace
  private var round: UInt64 = 0

  init(path: String) throws {
    self.path = path
    var made = try SampledTrace(path: path)
    try made.recorder.define([JobStart.self, JobStop.self])
    made.process(7, "/bin/shop")
    made.add(
      SystemCounters(interval: 1_000_000, ticksPerSecond: 100, memory: 1 << 30), at: 0, pid: 1)
    trace = made
  }

  /// Adds a round, and states that the trace is complete up to its middle.
  mutating func addRound() throws {
    let base = round * Self.round_ns
    addWork(base)
    addMachine(base)
    if round == 2 {
      // The pid passes to another program.
      trace.recorder.define(
        process: ProcessRecord(
          index: 100, pid: 8, startTime: 1, executable: "/bin/old", joinTicks: SampledTrace.start))
      trace.add(GCAllocationTick(), at: base + 999_000, pid: 8)
    }
    try trace.writer.flush(completeTo: SampledTrace.start + base + Self.round_ns / 2)
    round += 1
  }

  private mutating func addWork(_ base: UInt64) {
    trace.stream = 0
    let address = 0x1000 + round * 0x100
    trace.add(
      MethodLoad(
        methodID: round, startAddress: address, size: 0x100, namespace: "Shop", name: "m\(round)",
        signature: ""), at: base + 10, pid: 7, tid: 8)
    if round == 3 {
      trace.add(
        MethodUnload(
          methodID: 1, startAddress: 0x1100, size: 0x100, namespace: "Shop", name: "m1",
          signature: ""), at: base + 20, pid: 7, tid: 8)
    }
    if round > 0 { trace.add(JobStop(id: round - 1), at: base + 300_000, pid: 7, tid: 8) }
    let stack = [address + 8, 0x1010]
    trace.add(JobStart(id: round), at: base + 400_000, pid: 7, tid: 8)
    for step in 0..<8 as Range<UInt64> {
      trace.add(
        ExceptionThrown(exceptionType: "SoldOut", exceptionMessage: "no \(step)"),
        at: base + 450_000 + step * 10_000, pid: 7, tid: 8, stack: stack)
      trace.add(
        GCAllocationTick(
          allocationAmount: 1000, allocationKind: .small, typeID: 0, typeName: "T\(step % 3)",
          objectSize: 10), at: base + 455_000 + step * 10_000, pid: 7, tid: 8, stack: stack)
    }
    let number = UInt32(round)
    trace.add(GCSuspendBegin(reason: .forGC, count: number), at: base + 600_000, pid: 7, tid: 8)
    trace.add(
      GCStart(count: number, depth: 1, reason: .induced), at: base + 610_000, pid: 7, tid: 8)
    if round == 4 { lose(base + 620_000, base + 650_000) }
    trace.add(GCEnd(count: number, depth: 1), at: base + 700_000, pid: 7, tid: 8)
    trace.add(GCRestartEnd(), at: base + 710_000, pid: 7, tid: 8)
  }

  private mutating func lose(_ from: UInt64, _ to: UInt64) {
    trace.writer.loss(
      LossRecord(
        stream: 0, cpu: 0, cause: .bufferFull, count: 3, fromTicks: SampledTrace.start + from,
        toTicks: SampledTrace.start + to, processIndex: 7))
  }

  /// The events of the second stream are behind those of the first in the file.
  private mutating func addMachine(_ base: UInt64) {
    trace.stream = 1
    trace.add(ContextSwitch(direction: .on), at: base + 5, pid: 7, tid: 8)
    var cpu = CPUCounters()
    (cpu.user, cpu.steal) = (round * 50, round * 10)
    trace.add(cpu, at: base + 200_000, pid: 1)
    trace.add(MachineCounters(), at: base + 200_001, pid: 1)
    var process = ProcessCounters()
    process.cpu = round * 1000
    trace.add(process, at: base + 200_002, pid: 7)
    trace.add(
      ContextSwitch(direction: .off, state: .sleeping), at: base + 800_000, pid: 7, tid: 8,
      stack: [0x1010])
    trace.add(ContextSwitch(direction: .on), at: base + 850_000, pid: 7, tid: 8)
    trace.add(ContextSwitch(direction: .preempted), at: base + 900_000, pid: 7, tid: 8)
  }

  mutating func finish() throws { try trace.finish() }
}

struct JobStart: ListedEvent {
  var id: UInt64 = 0

  static var eventID: UInt16 { 1 }
  static let schema = EventSchema(of: Self.self, provider: "Jobs", name: "JobStart", opcode: .start)
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("id", \.id, hint: .activity)
  }
}

struct JobStop: ListedEvent {
  var id: UInt64 = 0

  static var eventID: UInt16 { 2 }
  static let schema = EventSchema(of: Self.self, provider: "Jobs", name: "JobStop", opcode: .stop)
  static func fields(_ list: inout some FieldList<Self>) {
    list.field("id", \.id, hint: .activity)
  }
}
