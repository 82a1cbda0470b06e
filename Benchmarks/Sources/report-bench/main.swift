// Makes a trace for measuring the reports on GC, JIT and exceptions: `report-bench FILE EVENTS`.
//
// One event in a hundred belongs to these families, evenly among events of another provider: no
// block is without them, which is the worst case for a reader that wants only them.

import BenchTraces
import TraceEvents
import TraceFormat

/// Appends events about a microsecond apart. A session reads a ring for a while, then the other.
struct BenchTrace: ~Copyable {
  private var recorder: Recorder
  private var time: UInt64 = 0
  private var generator = UInt64(1)

  init(path: String) throws {
    recorder = try .begin(path: path, name: "report-bench")
    for pid in 1...4 as ClosedRange<UInt32> {
      recorder.define(
        process: ProcessRecord(
          index: pid, pid: pid, executable: "/bin/shop\(pid)", joinTicks: traceStart))
    }
  }

  mutating func add(_ event: some TraceEvent, pid: UInt32, stack: [UInt64] = []) throws {
    generator = generator &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    time += 500 + generator >> 54
    try recorder.append(
      event,
      RecordHeader(
        ticks: traceStart + time, process: pid, tid: pid, stream: pid & 1, cpu: UInt16(pid & 1)),
      stack: stack)
  }

  mutating func finish() throws { try recorder.finish() }
}

/// Events of the three families: a collection of eight events, four exceptions, a compilation of
/// two, and the removal of its code.
func addRuntimeEvent(_ number: UInt64, of pid: UInt32, to trace: inout BenchTrace) throws {
  let round = UInt32(truncatingIfNeeded: number / 15)
  let name = "method\(round % 5000)"
  switch number % 15 {
  case 0:
    try trace.add(
      GCAllocationTick(
        allocationAmount: 100_000, allocationKind: .small, typeID: 1, typeName: "String"),
      pid: pid)
  case 1: try trace.add(GCSuspendBegin(reason: .forGC, count: round), pid: pid)
  case 2: try trace.add(GCSuspendEnd(), pid: pid)
  case 3: try trace.add(GCStart(count: round, depth: round % 3, reason: .allocSmall), pid: pid)
  case 4: try trace.add(GCEnd(count: round, depth: round % 3), pid: pid)
  case 5: try trace.add(GCHeapStats(generationSize0: 1 << 20), pid: pid)
  case 6: try trace.add(GCRestartBegin(), pid: pid)
  case 7: try trace.add(GCRestartEnd(), pid: pid)
  case 8...11:
    try trace.add(
      ExceptionThrown(
        exceptionType: "java.lang.Exception\(number % 7)",
        exceptionMessage: "no order \(number) of 42"), pid: pid,
      stack: [0x1000 + number % 64, 0x2000 + number % 16, 0x3000])
  case 12:
    try trace.add(
      MethodJittingStarted(
        methodID: UInt64(round), ilSize: 30, namespace: "Shop", name: name, signature: "()"),
      pid: pid)
  case 13:
    try trace.add(
      MethodLoad(
        methodID: UInt64(round), startAddress: UInt64(round % 5000) << 12, size: 200,
        tier: .quickJitted, namespace: "Shop", name: name, signature: "()"), pid: pid)
  default:
    try trace.add(
      MethodUnload(
        methodID: UInt64(round), startAddress: UInt64(round % 5000) << 12, size: 200,
        namespace: "Shop", name: name, signature: "()"), pid: pid)
  }
}

let arguments = CommandLine.arguments
guard arguments.count == 3, let count = UInt64(arguments[2]) else {
  fatalError("usage: report-bench FILE EVENTS")
}
var trace = try BenchTrace(path: arguments[1])
for number in 0..<count {
  // A process runs for a multiple of the runtime's 15 events.
  let pid = UInt32(number / 3000 % 4) + 1
  if number % 100 == 99 {
    try addRuntimeEvent(number / 100, of: pid, to: &trace)
  } else {
    try trace.add(Order(id: number, customer: number &* 0x9E37_79B9_7F4A_7C15 >> 48), pid: pid)
  }
}
try trace.finish()
