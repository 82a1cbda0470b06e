import CTraceShims
import Glibc
import TraceProvider

/// The work of a thread of the storm.
struct Worker: Sendable {
  var id: WorkerID
  var payload: Payload
  var events: UInt64
  /// Events per second; 0 means as fast as possible.
  var rate: UInt64
  var seed: UInt64
  /// Number of events after which to kill the process; 0 means never.
  var crashAfter: UInt64
  /// Whether to write the note after each event, not only at the end.
  var isNoted: Bool
  var note: SharedNote.Line

  /// Emits events `first...last`, and adds the time taken to the note.
  func emit(_ first: UInt64, through last: UInt64) {
    guard first <= last else { return }
    let start = trace_monotonic_ns()
    if payload == .counter, rate == 0, crashAfter == 0, !isNoted {
      Self.emitCounters(first, through: last, worker: id.rawValue)
    } else {
      emitWithCare(first, through: last, start: start)
    }
    note.nanoseconds += trace_monotonic_ns() - start
    note.emitted = last
  }

  /// The benchmark: only emits. Eight places emit in turn, so that the time of a disabled event
  /// does not depend on where one loop of six instructions lies in a cache line.
  @inline(never)
  private static func emitCounters(_ first: UInt64, through last: UInt64, worker: UInt32) {
    var sequence = first
    for _ in 0..<(last &- first &+ 1) / 8 {
      Storm.provider.emit(CounterEvent(sequence: sequence, worker: worker))
      Storm.provider.emit(CounterEvent(sequence: sequence &+ 1, worker: worker))
      Storm.provider.emit(CounterEvent(sequence: sequence &+ 2, worker: worker))
      Storm.provider.emit(CounterEvent(sequence: sequence &+ 3, worker: worker))
      Storm.provider.emit(CounterEvent(sequence: sequence &+ 4, worker: worker))
      Storm.provider.emit(CounterEvent(sequence: sequence &+ 5, worker: worker))
      Storm.provider.emit(CounterEvent(sequence: sequence &+ 6, worker: worker))
      Storm.provider.emit(CounterEvent(sequence: sequence &+ 7, worker: worker))
      sequence &+= 8
    }
    while sequence <= last {
      Storm.provider.emit(CounterEvent(sequence: sequence, worker: worker))
      sequence &+= 1
    }
  }

  private func emitWithCare(_ first: UInt64, through last: UInt64, start: UInt64) {
    // Seeded with the first number, so that a worker continued on a new thread differs.
    var random = SplitMix(state: seed ^ UInt64(id.rawValue) << 32 ^ first)
    for sequence in first...last {
      emitOne(sequence, &random)
      if isNoted { note.emitted = sequence }
      if sequence == crashAfter { kill(getpid(), SIGKILL) }
      if rate > 0 { pace(start: start, done: sequence - first + 1) }
    }
  }

  @inline(__always)
  private func emitOne(_ sequence: UInt64, _ random: inout SplitMix) {
    let kind = payload == .mixed ? Payload.single[random.next(below: 3)] : payload
    switch kind {
    case .string:
      let text = Payload.texts[random.next(below: Payload.texts.count)]
      Storm.provider.emit(TextEvent(sequence: sequence, worker: id.rawValue, text: text))
    case .stack:
      emitBelow(random.next(below: 12), sequence: sequence, depth: 0)
    case .counter, .mixed:
      Storm.provider.emit(CounterEvent(sequence: sequence, worker: id.rawValue))
    }
  }

  @inline(never) @_optimize(none)
  private func emitBelow(_ levels: Int, sequence: UInt64, depth: UInt32) {
    if levels > 0 {
      emitBelow(levels - 1, sequence: sequence, depth: depth + 1)
    } else {
      Storm.provider.emit(StackEvent(sequence: sequence, worker: id.rawValue, depth: depth))
    }
  }

  /// Sleeps while ahead of the rate by more than a millisecond, so that the sleeps stay few.
  private func pace(start: UInt64, done: UInt64) {
    let due = start + UInt64(Double(done) * 1e9 / Double(rate))
    let now = trace_monotonic_ns()
    if due > now + 1_000_000 { sleepNanoseconds(due - now) }
  }
}

/// The kind of events to emit.
enum Payload: String, CaseIterable, Sendable {
  case counter, string, stack, mixed

  static let single: [Payload] = [.counter, .string, .stack]

  /// From empty to 4 KB, most of them short; some bytes are not ASCII.
  static let texts: [String] =
    ["", "a", "höher", "order placed", String(repeating: "long ", count: 819)]
    + (1...27).map { "text of a usual length, number \($0)" }
}

/// A small seeded generator, the same on every machine.
struct SplitMix {
  var state: UInt64

  mutating func next(below bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((z ^ (z >> 31)) % UInt64(bound))
  }
}

/// Sleeps for the whole time, even if signals arrive.
func sleepNanoseconds(_ count: UInt64) {
  let deadline = trace_monotonic_ns() + count
  var now = trace_monotonic_ns()
  while now < deadline {
    let left = Int(deadline - now)
    var pause = timespec(tv_sec: left / 1_000_000_000, tv_nsec: left % 1_000_000_000)
    nanosleep(&pause, nil)
    now = trace_monotonic_ns()
  }
}
