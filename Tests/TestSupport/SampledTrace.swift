public import TraceEvents
public import TraceFormat

/// Writes trace files with given CPU samples, code and processes. Ticks are nanoseconds, and the
/// trace begins at ``start``.
public struct SampledTrace: ~Copyable {
  public static let start: UInt64 = 5_000_000_000

  public static let session = SessionDescription(
    name: "samples", clock: .monotonic, ticksPerSecond: 1_000_000_000,
    start: ClockSync(
      ticks: start, monotonicNanoseconds: start,
      realtimeNanoseconds: 1_700_000_000_000_000_000),
    machine: MachineDescription(
      hostName: "host", operatingSystem: "Linux 6.18", architecture: "x86_64", cpuCount: 2))

  public var recorder: Recorder
  /// The stream and CPU of further events.
  public var stream: UInt32 = 0
  private var known: Set<UInt32> = []

  public init(path: String, options: TraceWriter.Options = TraceWriter.Options()) throws {
    try self.init(Recorder(path: path, session: Self.session, options: options))
  }

  private init(_ recorder: consuming Recorder) throws {
    try recorder.define(SystemSchema.eventTypes + RuntimeSchema.eventTypes)
    self.recorder = recorder
  }

  /// The writer of ``recorder``.
  public var writer: TraceWriter {
    _read { yield recorder.writer }
    _modify { yield &recorder.writer }
  }

  /// Adds a process known to the session; its index is its pid. Processes that are not added have
  /// no name.
  public mutating func process(_ pid: UInt32, _ executable: String) {
    known.insert(pid)
    recorder.define(
      process: ProcessRecord(index: pid, pid: pid, executable: executable, joinTicks: Self.start))
  }

  /// Adds an event, `time` nanoseconds after the start. Times must ascend.
  public mutating func add<Event: TraceEvent>(
    _ event: Event, at time: UInt64, pid: UInt32, tid: UInt32? = nil, stack: [UInt64] = [],
    isRundown: Bool = false
  ) {
    if !known.contains(pid) { process(pid, "") }
    let header = RecordHeader(
      ticks: Self.start + time, process: pid, tid: tid ?? pid, stream: stream,
      cpu: UInt16(stream), flags: isRundown ? .rundown : [])
    do { try recorder.append(event, header, stack: stack) } catch {
      preconditionFailure("\(error)")
    }
  }

  /// Adds a CPU sample of a millisecond; `stack` begins with the innermost frame.
  public mutating func sample(
    at time: UInt64, pid: UInt32, tid: UInt32? = nil, stack: [UInt64], weight: UInt64 = 1_000_000
  ) {
    add(
      SampledProfile(weight: weight, source: .cpuClock), at: time, pid: pid, tid: tid, stack: stack)
  }

  public mutating func finish() throws { try recorder.finish() }
}
