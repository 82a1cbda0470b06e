public import TraceEvents
public import TraceFormat

/// Writes trace files of CPU samples, code and processes by hand: ticks are nanoseconds, and the
/// trace begins at ``start``.
public struct SampledTrace: ~Copyable {
  public static let start: UInt64 = 5_000_000_000

  public static let session = SessionDescription(
    name: "samples", clock: .monotonic, ticksPerSecond: 1_000_000_000,
    start: ClockSync(
      ticks: start, monotonicNanoseconds: start, realtimeNanoseconds: 1_700_000_000_000_000_000),
    machine: MachineDescription(
      hostName: "host", operatingSystem: "Linux 6.18", architecture: "x86_64", cpuCount: 2))

  private static let refs: [(type: any TraceEvent.Type, ref: UInt16)] =
    (SystemSchema.eventTypes + RuntimeSchema.eventTypes).enumerated()
    .map { ($0.element, UInt16($0.offset + 1)) }

  public var writer: TraceWriter
  private let refs: [ObjectIdentifier: UInt16]
  private var known: Set<UInt32> = []
  private var words = [UInt64](repeating: 0, count: 16_384)

  public init(path: String, options: TraceWriter.Options = TraceWriter.Options()) throws {
    var writer = try TraceWriter(path: path, session: Self.session, options: options)
    var refs: [ObjectIdentifier: UInt16] = [:]
    for (type, ref) in Self.refs {
      try writer.define(ref: ref, schema: type.schema)
      refs[ObjectIdentifier(type)] = ref
    }
    writer.beginStretch(stream: 0, cpu: 0)
    self.refs = refs
    self.writer = writer
  }

  /// A process that the session knew; its index is its pid. One that is not told has no name.
  public mutating func process(_ pid: UInt32, _ executable: String) {
    known.insert(pid)
    writer.define(
      process: ProcessRecord(index: pid, pid: pid, executable: executable, joinTicks: Self.start))
  }

  /// Adds an event, `time` nanoseconds after the start. Times ascend.
  public mutating func add<Event: TraceEvent>(
    _ event: Event, at time: UInt64, pid: UInt32, tid: UInt32? = nil, stack: [UInt64] = [],
    isRundown: Bool = false
  ) {
    if !known.contains(pid) { process(pid, "") }
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
      ref: refs[ObjectIdentifier(Event.self)]!, ticks: Self.start + time, process: pid,
      tid: tid ?? pid, flags: flags.rawValue, words: words, count: used)
    precondition(isAppended)
  }

  /// A CPU sample for a millisecond; `stack` from the innermost frame.
  public mutating func sample(
    at time: UInt64, pid: UInt32, tid: UInt32? = nil, stack: [UInt64], weight: UInt64 = 1_000_000
  ) {
    add(
      SampledProfile(weight: weight, source: .cpuClock), at: time, pid: pid, tid: tid, stack: stack)
  }

  public mutating func finish() throws { try writer.finish() }
}
