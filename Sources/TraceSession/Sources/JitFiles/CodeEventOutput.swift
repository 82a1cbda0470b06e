import TraceEvents
import TraceFormat

/// Whose code it is that is told of.
struct CodeOwner: Hashable {
  var pid: UInt32
  /// The session's number for the process.
  var process: UInt32
  /// When it ended, or went on to another program; nil while it runs.
  var endTicks: UInt64?
  /// It ran before the session began.
  var isRundown: Bool
}

/// Where the events go that were read from files.
protocol CodeEventOutput: AnyObject {
  func add(_ event: some TraceEvent, of owner: CodeOwner, isRundown: Bool)
  /// Hands over what was added.
  func send()
}

/// Hands events to the session's drain, a batch at a time.
final class ChannelCodeOutput: CodeEventOutput {
  private let channel: SystemChannel
  private var batch: SystemBatch?
  private var byteCount = 0
  private var eventCount = 0
  /// Of the last event of a process that has ended: such events' times ascend, too.
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
      // At the end, since afterwards the number may be another process's; and one after the other,
      // since of two at one moment the first would never have lived.
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
