import TraceEvents
import TraceFormat

/// Writes events of the System and Runtime providers into a trace, as a session would: in streams
/// whose times ascend, flushed every second.
struct TraceMaker: ~Copyable {
  static let start: UInt64 = 5_000_000_000

  private static let types: [any TraceEvent.Type] =
    SystemSchema.eventTypes + RuntimeSchema.eventTypes

  private var writer: TraceWriter
  private let refs: [ObjectIdentifier: UInt16]
  private var words = [UInt64](repeating: 0, count: 16_384)

  init(path: String) throws {
    var writer = try TraceWriter(
      path: path,
      session: SessionDescription(
        name: "symbol-bench", clock: .monotonic, ticksPerSecond: 1_000_000_000,
        start: ClockSync(
          ticks: Self.start, monotonicNanoseconds: Self.start,
          realtimeNanoseconds: 1_700_000_000_000_000_000),
        machine: MachineDescription(
          hostName: "symbol-bench", operatingSystem: "Linux", architecture: "x86_64",
          cpuCount: 2)))
    var refs: [ObjectIdentifier: UInt16] = [:]
    for (index, type) in Self.types.enumerated() {
      let ref = UInt16(index + 1)
      try writer.define(ref: ref, schema: type.schema)
      refs[ObjectIdentifier(type)] = ref
    }
    self.refs = refs
    self.writer = writer
  }

  mutating func process(_ pid: UInt32, _ executable: String) {
    writer.define(
      process: ProcessRecord(index: pid, pid: pid, executable: executable, joinTicks: Self.start))
  }

  /// The following events are of this stream.
  mutating func stream(_ number: UInt32) {
    writer.beginStretch(stream: number, cpu: UInt16(number & 1))
  }

  mutating func add<Event: TraceEvent>(
    _ event: Event, at time: UInt64, pid: UInt32, tid: UInt32, stack: [UInt64] = [],
    isRundown: Bool = false
  ) {
    var used = words.withUnsafeMutableBytes { bytes in
      var encoder = EventEncoder(bytes)
      event.encode(into: &encoder)
      return encoder.byteCount / 8
    }
    for address in stack {
      words[used] = address
      used += 1
    }
    var flags: EventFlags = stack.isEmpty ? [] : .stack
    if isRundown { flags.insert(.rundown) }
    let isAppended = writer.append(
      ref: refs[ObjectIdentifier(Event.self)]!, ticks: Self.start + time, process: pid, tid: tid,
      flags: flags.rawValue, words: words, count: used)
    precondition(isAppended, "an event does not fit its own schema")
  }

  mutating func define(_ symbols: ImageSymbols) { writer.define(symbols: symbols) }

  mutating func flush() throws { try writer.flush() }

  mutating func finish() throws { try writer.finish() }
}
