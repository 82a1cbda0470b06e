import TraceEvents
import TraceFormat

/// Writes events of the System and Runtime providers into a trace, as a session would: in streams
/// whose times ascend, flushed every second.
struct TraceMaker: ~Copyable {
  static let start: UInt64 = 5_000_000_000

  private static let session = SessionDescription(
    name: "symbol-bench", clock: .monotonic, ticksPerSecond: 1_000_000_000,
    start: ClockSync(
      ticks: start, monotonicNanoseconds: start,
      realtimeNanoseconds: 1_700_000_000_000_000_000),
    machine: MachineDescription(
      hostName: "symbol-bench", operatingSystem: "Linux", architecture: "x86_64", cpuCount: 2))

  private var recorder: Recorder
  private var stream: UInt32 = 0

  init(path: String) throws {
    var recorder = try Recorder(path: path, session: Self.session)
    try recorder.define(SystemSchema.eventTypes + RuntimeSchema.eventTypes)
    self.recorder = recorder
  }

  mutating func process(_ pid: UInt32, _ executable: String) {
    recorder.define(
      process: ProcessRecord(index: pid, pid: pid, executable: executable, joinTicks: Self.start))
  }

  /// Sets the stream of further events.
  mutating func stream(_ number: UInt32) { stream = number }

  mutating func add<Event: TraceEvent>(
    _ event: Event, at time: UInt64, pid: UInt32, tid: UInt32, stack: [UInt64] = [],
    isRundown: Bool = false
  ) {
    let header = RecordHeader(
      ticks: Self.start + time, process: pid, tid: tid, stream: stream, cpu: UInt16(stream & 1),
      flags: isRundown ? .rundown : [])
    do { try recorder.append(event, header, stack: stack) } catch {
      preconditionFailure("\(error)")
    }
  }

  mutating func define(_ symbols: ImageSymbols) { recorder.addSymbols(symbols) }

  mutating func flush() throws { try recorder.flush() }

  mutating func finish() throws { try recorder.finish() }
}
