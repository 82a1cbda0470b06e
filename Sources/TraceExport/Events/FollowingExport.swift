import TraceAnalysis
import TraceEvents
import TraceFormat

/// Writes the events of a growing file with the names known so far, optionally held for a while,
/// followed by the names found later.
final class FollowingExport<Format: EventFormat>: Export {
  /// Maximum size of an event's text without its stack.
  private static var eventBytesMax: Int { 8 << 20 }

  private let replay: Replay
  private let stream: EventStream
  private let filter: ReplayFilter
  private let names: LiveFrameNames
  private let hold: Int64
  private let output: UnsafeMutablePointer<OutputBuffer>
  private var scratch = OutputBuffer(collecting: eventBytesMax)
  private var held = HeldLines()
  // Used for every event. Run-time exclusivity checks took a seventh of the time. No call made from
  // here reenters.
  @exclusivity(unchecked) private var format: Format
  @exclusivity(unchecked) private var threads: ThreadNaming
  @exclusivity(unchecked) private var remaining: UInt64
  @exclusivity(unchecked) private var latest = Int64.min
  /// Whether each type's events are shown. Events about code are also read for their names.
  @exclusivity(unchecked) private var isShown: [Bool] = []

  init(
    _ stream: EventStream, _ format: Format, _ output: UnsafeMutablePointer<OutputBuffer>,
    _ options: SymbolizerOptions, _ hold: Int64
  ) {
    self.stream = stream
    filter = stream.replay.filter
    self.format = format
    self.output = output
    self.hold = hold
    remaining = stream.limit
    let symbolizer = LiveSymbolizer(stream.replay.file, options: options)
    names = LiveFrameNames(symbolizer)
    replay = Replay(stream.replay.file)
    threads = ThreadNaming(stream.replay)
    let telling = [RuntimeSchema.providerName, SystemSchema.providerName]
    replay.filter.admits = { [filter] schema in
      telling.contains(schema.provider) || filter.admits?(schema) ?? true
    }
    defineTypes()
    self.format.begin(&output.pointee)
    // Subscribe to events about code first, so that every event is named from all that precede it.
    symbolizer.subscribe(to: replay)
    replay.onAny { [unowned self] event throws(any Error) in try take(event) }
    replay.onLoss { [unowned self] loss in take(loss) }
    names.takes = { [unowned self] ticket, frame in held.rename(ticket, frame) }
  }

  var isFinished: Bool { remaining == 0 || output.pointee.failure != 0 }

  func run() throws {
    defineTypes()
    try threads.update()
    if !isFinished { try replay.run() }
    stream.hasReachedLimit = remaining == 0
    release(before: latest)
    writeBackfills()
    output.pointee.flush()
  }

  func idle(for nanoseconds: Int64) {
    guard latest > .min else { return }
    names.symbolizer.advance(to: latest &+ nanoseconds)
    release(before: latest &+ nanoseconds)
    writeBackfills()
    output.pointee.flush()
  }

  func finish() {
    names.symbolizer.finish()
    release(before: .max)
    writeBackfills()
    output.pointee.flush()
  }

  private func defineTypes() {
    for type in replay.file.eventTypes[isShown.count...] {
      format.define(type: type.index, schema: type.schema)
      isShown.append(filter.admits?(type.schema) ?? true)
    }
  }

  // MARK: Events

  private func take(_ event: borrowing RawEvent) throws {
    let header = event.header
    latest = max(latest, header.timestamp)
    guard event.typeIndex < isShown.count, isShown[event.typeIndex], isAdmitted(header) else {
      return
    }
    if hold == 0 {
      try write(event, header)
    } else {
      try keep(event, header)
    }
    remaining -= 1
    if remaining == 0 || output.pointee.failure != 0 { throw ReplayStop() }
  }

  /// Writes an event immediately, with the names known so far.
  private func write(_ event: borrowing RawEvent, _ header: EventHeader) throws {
    let line = EventLine(event)
    threads.prepare(&format, for: line)
    var frames: [NamedFrame] = []
    if header.stack != .none {
      let tickets: [PendingTicket?]
      (frames, tickets) = named(replay.file.stack(header.stack), header)
      for (index, ticket) in tickets.enumerated()
      where ticket.map(names.symbolizer.isPending) == true {
        frames[index].isProvisional = true
      }
    }
    format.write(line, stack: frames, type: event.typeIndex, to: &output.pointee)
    if names.isFull { writeBackfills() }
  }

  /// Holds an event until its hold time has passed.
  private func keep(_ event: borrowing RawEvent, _ header: EventHeader) throws {
    let line = EventLine(event)
    threads.prepare(&format, for: line)
    scratch.removeAll()
    let place = format.writeHeld(line, type: event.typeIndex, to: &scratch)
    guard scratch.failure == 0 else { throw ReplayStop() }
    var frames: [NamedFrame] = []
    var tickets: [PendingTicket?] = []
    if header.stack != .none {
      (frames, tickets) = named(replay.file.stack(header.stack), header)
    }
    held.add(
      time: header.timestamp, bytes: scratch.collected, place: place, frames: frames,
      tickets: tickets)
    release(before: latest)
    if names.isFull { writeBackfills() }
  }

  private func named(
    _ stack: [UInt64], _ header: EventHeader
  ) -> ([NamedFrame], [PendingTicket?]) {
    var frames: [NamedFrame] = []
    var tickets: [PendingTicket?] = []
    for (index, address) in stack.enumerated() {
      guard address != StackNode.lostAddress else {
        frames.append(.lost)
        tickets.append(nil)
        continue
      }
      let isCaller = StackAddress.isCaller(address, inner: index > 0 ? stack[index - 1] : nil)
      let (frame, ticket) = names.frame(
        address, pid: header.pid, at: header.timestamp, isCaller: isCaller)
      frames.append(frame)
      tickets.append(ticket)
    }
    return (frames, tickets)
  }

  private func isAdmitted(_ header: EventHeader) -> Bool {
    (filter.time?.contains(header.timestamp) ?? true) && (filter.pids?.contains(header.pid) ?? true)
      && (filter.tids?.contains(header.tid) ?? true)
  }

  private func take(_ loss: LossRecord) {
    let line = LossLine(loss, in: replay)
    guard filter.time?.contains(line.to) ?? true else { return }
    if hold == 0 {
      format.write(line, to: &output.pointee)
      return
    }
    scratch.removeAll()
    format.write(line, to: &scratch)
    held.add(time: line.to, bytes: scratch.collected, place: 0, frames: [], tickets: [])
  }

  // MARK: Writing

  /// Writes the events whose hold time has passed.
  private func release(before time: Int64) {
    let bound = time == .max ? .max : time &- hold &+ (hold == 0 ? 1 : 0)
    while let line = held.popFirst(before: bound, isOpen: names.symbolizer.isPending) {
      output.pointee.append(bytes: line.bytes[..<line.place])
      if !line.frames.isEmpty { format.write(stack: line.frames, to: &output.pointee) }
      output.pointee.append(bytes: line.bytes[line.place...])
    }
  }

  /// Writes the names found for frames of events that have already been written.
  private func writeBackfills() {
    for line in names.takeBackfills() { format.write(line, to: &output.pointee) }
  }
}

extension OutputBuffer {
  mutating func append(bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { append(ByteSlice($0)) }
  }

  /// The bytes that were appended but not written to a sink.
  var collected: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

  mutating func removeAll() { count = 0 }
}
