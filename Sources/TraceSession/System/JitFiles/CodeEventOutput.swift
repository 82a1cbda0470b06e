import TraceEvents
import TraceFormat

/// The process that owns reported code.
struct CodeOwner: Hashable {
  var pid: UInt32
  /// The session's number of the process.
  var process: UInt32
  /// The time at which it ended or ran another program; nil while it runs.
  var endTicks: UInt64?
  /// Whether it ran before the session began.
  var isRundown: Bool
  /// Lower bound of the times of its program's code (CLOCK_MONOTONIC); 0 if not known.
  var began: UInt64 = 0
}

/// The destination of events read from files.
protocol CodeEventOutput: AnyObject {
  func add(_ event: some TraceEvent, of owner: CodeOwner, isRundown: Bool)
  /// Delivers the added events.
  func send()
}

/// Delivers events to the session's drain in batches.
final class ChannelCodeOutput: CodeEventOutput {
  private let channel: SystemChannel
  private var batch: SystemBatch?
  private var byteCount = 0
  private var eventCount = 0
  /// Time of the last event of an ended process: the times of such events ascend, too.
  private var lastEndTicks: UInt64 = 0

  private static let batchBytes = 1 << 20
  private static let batchEvents = 8192
  private static let batchLimit_ns: UInt64 = 1_000_000_000

  init(_ channel: SystemChannel) { self.channel = channel }

  func add<Event: TraceEvent>(_ event: Event, of owner: CodeOwner, isRundown: Bool) {
    let batch = current()
    var ticks = ClockKind.here.now()
    var stream = StreamNumbers.code
    if let end = owner.endTicks {
      // At the process's end, because afterwards the pid may denote another process; and at
      // different times, because of two at the same time the first would have no lifetime.
      ticks = max(lastEndTicks &+ 1, end &- 1)
      lastEndTicks = ticks
      stream = StreamNumbers.endedCode
    }
    let header = SystemBatch.Header(
      ref: channel.refs.ref(of: Event.self), flags: isRundown ? .rundown : [], ticks: ticks,
      process: owner.process, tid: owner.pid)
    byteCount += batch.add(
      event, header, stretch: batch.stretch(stream: stream, cpu: EventHeader.noCPU))
    eventCount += 1
    if byteCount >= Self.batchBytes || eventCount >= Self.batchEvents { send() }
  }

  func send() {
    guard let batch else { return }
    self.batch = nil
    byteCount = 0
    eventCount = 0
    channel.send(batch)
  }

  private func current() -> SystemBatch {
    if let batch { return batch }
    var taken: SystemBatch?
    while taken == nil { taken = channel.take(waitingNanoseconds: Self.batchLimit_ns) }
    batch = taken
    return taken!
  }
}
