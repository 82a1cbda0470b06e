// Makes a trace for measuring the page of tracectl view: `view-trace FILE SAMPLES FRAMES EVENTS`.
//
// The samples' stacks are paths in a tree of FRAMES functions, each with six callees, and each
// sample ends in the next function, so that the flame graph has every function once. 16 threads
// take turns, with a switch for every fourth sample, and a collection stops the process for every
// 1000th. EVENTS events of another provider are spread among the samples.

import BenchTraces
import TraceEvents
import TraceFormat

/// Appends the events of one process.
struct ViewTrace: ~Copyable {
  private static let callees: UInt64 = 6
  private var recorder: Recorder
  private var orders: UInt64 = 0

  init(path: String) throws {
    recorder = try .begin(path: path, name: "view-trace")
    recorder.define(
      process: ProcessRecord(index: 1, pid: 1, executable: "/bin/shop", joinTicks: traceStart))
  }

  private mutating func add(
    _ event: some TraceEvent, at time: UInt64, tid: UInt32, stack: [UInt64] = []
  ) throws {
    try recorder.append(
      event,
      RecordHeader(ticks: traceStart + time, process: 1, tid: tid, stream: 0, cpu: 0),
      stack: stack)
  }

  /// Adds the function with a number: its code and its name.
  mutating func addFunction(_ number: UInt64) throws {
    try add(
      MethodLoad(
        methodID: number + 1, startAddress: (number + 1) << 12, size: 200, tier: .optimized,
        namespace: "shop.part\(number % 97)", name: "function\(number)", signature: "()"),
      at: number, tid: 1)
  }

  /// The function with a number below its callers, innermost first.
  private func stack(_ number: UInt64) -> [UInt64] {
    var stack: [UInt64] = []
    var number = number
    while true {
      stack.append((number + 1) << 12 + 100)
      if number == 0 { return stack }
      number = (number - 1) / Self.callees
    }
  }

  /// Adds a sample, what belongs to it, and `orders` events of the other provider.
  mutating func addSample(_ number: UInt64, frames: UInt64, orders count: UInt64) throws {
    let time = 1_000_000 + frames + number * 60_000
    let tid = UInt32(number / 64 % 16) + 1
    try add(
      SampledProfile(weight: 1_000_000, source: .cpuClock), at: time, tid: tid,
      stack: stack(number % frames))
    if number % 4 == 0 {
      let direction: SwitchDirection = number % 8 == 0 ? .on : .preempted
      try add(ContextSwitch(direction: direction, state: .runnable), at: time + 100, tid: tid)
    }
    if number % 1000 == 0 {
      let count = UInt32(number / 1000)
      try add(GCStart(count: count, depth: 0, reason: .allocSmall), at: time + 200, tid: tid)
      try add(GCEnd(count: count, depth: 0), at: time + 900, tid: tid)
    }
    for position in 0..<count {
      orders += 1
      try add(
        Order(id: orders, customer: orders &* 2_654_435_761 % 10_000),
        at: time + 1000 + position * (58_000 / max(1, count)), tid: tid)
    }
  }

  mutating func finish() throws { try recorder.finish() }
}

let arguments = CommandLine.arguments
guard arguments.count == 5, let samples = UInt64(arguments[2]), let frames = UInt64(arguments[3]),
  let events = UInt64(arguments[4]), frames > 0, samples > 0
else { fatalError("usage: view-trace FILE SAMPLES FRAMES EVENTS") }
var trace = try ViewTrace(path: arguments[1])
for number in 0..<frames { try trace.addFunction(number) }
for number in 0..<samples {
  let orders = events / samples + (number < events % samples ? 1 : 0)
  try trace.addSample(number, frames: frames, orders: orders)
}
try trace.finish()
