import CTraceShims
import Glibc
import TraceEvents
import TraceFormat
import TraceImport
import TraceKernel

/// Writes the events of one runtime into the session's trace.
///
/// - Guarantee: all events are those of one process, whatever the stream says. Memory is bounded:
///   if the session's file lags, reading the stream waits, and the runtime drops events and counts
///   them.
final class DotNetOutput: NetOutput {
  private let channel: SystemChannel
  private let selection: DotNetSelection
  private let number: (EventSchema) -> UInt16?
  /// The session's number of the process.
  private let process: UInt32
  /// The number of the process's first stream.
  private let firstStream: UInt32
  /// What its clock is ahead of this process's.
  private let offset_ns: Int64
  /// The numbers of its threads, if it has other ones.
  private var threads: DotNetThreads?
  private var clock = PerfClock(isMonotonic: ClockKind.here == .monotonic)
  private var looked_ns: UInt64 = 0
  private var looks = 0
  private var batch: SystemBatch?
  /// The last event's stream, and its stretch in the batch.
  private var last: (stream: UInt32, stretch: Int) = (.max, 0)
  private var record = RecordWords()
  private(set) var eventCount: UInt64 = 0
  private(set) var lost: UInt64 = 0
  /// The providers whose events have arrived.
  private(set) var providers: Set<String> = []

  /// The number of streams of a process.
  static let streamsMax: UInt32 = 4096
  private static let batchEvents = 8192
  private static let batchBytes = 1 << 20
  private static let lookInterval_ns: UInt64 = 250_000_000
  /// The time between the first readings of the clocks, which the first events need.
  private static let firstInterval_ns: UInt64 = 10_000_000
  private static let firstLooks = 10
  private static let batchLimit_ns: UInt64 = 1_000_000_000

  init(
    _ channel: SystemChannel, _ selection: DotNetSelection, process: UInt32, firstStream: UInt32,
    place: ProcessPlace, began: ClockSync, number: @escaping (EventSchema) -> UInt16?
  ) {
    (self.channel, self.selection, self.number) = (channel, selection, number)
    (self.process, self.firstStream) = (process, firstStream)
    offset_ns = place.monotonicOffset
    threads = DotNetThreads(place)
    if !clock.isMonotonic { clock.look(began) }
    look()
  }

  var takesSamples: Bool { selection.takesSamples }

  func admits(_ schema: EventSchema) -> (event: Bool, stack: Bool) { selection.admits(schema) }

  // The session defines its own providers, and the process.
  func define(provider: ProviderSchema) {}
  func describe(_ process: ProcessRecord) {}
  func addProcess(_ process: ProcessRecord) -> UInt32 { self.process }

  func number(of schema: EventSchema) -> UInt16? {
    let number = number(schema)
    if number != nil { providers.insert(schema.provider) }
    return number
  }

  func addThread(
    _ tid: UInt32, named name: String, of process: UInt32, atTicks ticks: UInt64
  ) throws(FormatError) {
    try append(
      ThreadStart(name: name),
      RecordHeader(
        ticks: ticks, process: process, tid: tid, stream: StreamNumbers.imported(0),
        flags: .rundown), stack: [])
  }

  func addLoss(_ loss: LossRecord) {
    lost &+= loss.count
    var loss = loss
    loss.stream = stream(loss.stream)
    loss.fromTicks = ticks(loss.fromTicks)
    loss.toTicks = ticks(loss.toTicks)
    loss.processIndex = process
    current().add(loss: loss)
  }

  func append(
    numbered ref: UInt16, _ header: RecordHeader, stack: [UInt64],
    encode: (inout EventEncoder) -> Void
  ) throws(FormatError) {
    guard record.write(encode) else {
      throw .unacceptableEvent(name: "\(ref)", reason: "it is too large")
    }
    stack.withUnsafeBufferPointer { record.append(stack: $0) }
    let flags = stack.isEmpty ? header.flags.subtracting(.stack) : header.flags.union(.stack)
    let tid = header.tid == 0 ? 0 : threads?.number(header.tid) ?? header.tid
    let batch = current()
    if header.stream != last.stream {
      let stretch = batch.stretch(stream: stream(header.stream), cpu: EventHeader.noCPU)
      last = (header.stream, stretch)
    }
    batch.add(
      SystemBatch.Header(
        ref: ref, flags: flags, ticks: ticks(header.ticks), process: process, tid: tid),
      UnsafeBufferPointer(start: record.words, count: record.count), stretch: last.stretch)
    eventCount &+= 1
    if batch.eventCount >= Self.batchEvents || batch.byteCount >= Self.batchBytes { send() }
  }

  func append<Event: TraceEvent>(
    _ event: Event, _ header: RecordHeader, stack: [UInt64]
  ) throws(FormatError) {
    guard let ref = number(of: Event.schema) else { return }
    try append(numbered: ref, header, stack: stack) { event.encode(into: &$0) }
  }

  func finish(_ sync: ClockSync) throws(FormatError) { send() }

  // MARK: Batches

  /// Passes the events so far to the session's file.
  func send() {
    look()
    guard let batch else { return }
    self.batch = nil
    channel.send(batch)
  }

  /// Adds what concerns the process itself.
  func add(_ change: (SystemBatch) -> Void) { change(current()) }

  private func current() -> SystemBatch {
    if let batch { return batch }
    look()
    var taken: SystemBatch?
    while taken == nil { taken = channel.take(waitingNanoseconds: Self.batchLimit_ns) }
    taken?.isForeign = true
    batch = taken
    last.stream = .max
    return taken!
  }

  // MARK: Numbers

  /// A process with more threads shares its last stream among them.
  private func stream(_ stream: UInt32) -> UInt32 {
    let first = StreamNumbers.imported(0)
    return firstStream + min(stream >= first ? stream - first : 0, Self.streamsMax - 1)
  }

  private func look() {
    let now_ns = trace_monotonic_ns()
    let interval_ns = looks < Self.firstLooks ? Self.firstInterval_ns : Self.lookInterval_ns
    guard now_ns &- looked_ns >= interval_ns else { return }
    looked_ns = now_ns
    looks += 1
    if !clock.isMonotonic { clock.look(.now(.counter)) }
  }

  /// The trace's ticks at a time of the process's CLOCK_MONOTONIC. A time that has not come yet is
  /// damage; it becomes the present, because a trace must not seem to last for years.
  private func ticks(_ nanoseconds: UInt64) -> UInt64 {
    let own = UInt64(bitPattern: Int64(bitPattern: nanoseconds) &- offset_ns)
    if own > looked_ns &+ Self.lookInterval_ns {
      return clock.ticks(at: min(own, trace_monotonic_ns()))
    }
    return clock.ticks(at: own)
  }
}
