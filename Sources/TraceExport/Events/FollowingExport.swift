import TraceAnalysis
import TraceEvents
import TraceFormat

/// Writes the events of a growing file with the names known so far, optionally held for a while,
/// followed by the names found later.
final class FollowingExport<Format: EventFormat>: Export {
  /// Maximum size of an event's text without its stack.
  private static var eventBytesMax: Int { 8 << 20 }
  /// Number of events held before those whose hold time has passed are released together. At the
  /// end of a step, they are released in any case.
  private static var releaseInterval: Int { 256 }

  private let replay: Replay
  private let stream: EventStream
  private let filter: ReplayFilter
  private let names: LiveFrameNames
  /// Closed until the file has a stack. Without stacks, no names are needed.
  private let gate = ReplayGate()
  private let hold: Int64
  private let output: UnsafeMutablePointer<OutputBuffer>
  private let events = UnsafeMutablePointer<FollowedEvents<Format>>.allocate(capacity: 1)
  @exclusivity(unchecked) private var scratch = OutputBuffer(collecting: eventBytesMax)
  @exclusivity(unchecked) private var held = HeldLines()
  /// Events held since the last release.
  @exclusivity(unchecked) private var unreleased = 0
  // Used for every event. Run-time exclusivity checks took a seventh of the time. No call made from
  // here reenters.
  @exclusivity(unchecked) private var format: Format
  @exclusivity(unchecked) private var threads: ThreadNaming
  @exclusivity(unchecked) private var remaining: UInt64
  @exclusivity(unchecked) private var latest = Int64.min
  /// Whether each type's events are shown. Events about code are also read for their names.
  @exclusivity(unchecked) private var isShown: [Bool] = []

  init(
    _ stream: EventStream, _ growth: EventStream.Growth, _ format: Format,
    _ output: UnsafeMutablePointer<OutputBuffer>, _ options: SymbolizerOptions
  ) {
    self.stream = stream
    filter = stream.replay.filter
    self.format = format
    self.output = output
    hold = growth.hold_ns
    remaining = stream.limit
    let symbolizer = LiveSymbolizer(stream.replay.file, options: options)
    names = LiveFrameNames(symbolizer)
    replay = stream.replay
    threads = ThreadNaming(stream.replay)
    let telling = [RuntimeSchema.providerName, SystemSchema.providerName]
    // Names require events that are not shown.
    replay.filter = ReplayFilter()
    replay.filter.admits = { [filter, gate] schema in
      gate.isOpen && telling.contains(schema.provider) || filter.admits?(schema) ?? true
    }
    defineTypes()
    self.format.begin(&output.pointee)
    // Subscribe to events about code first, so that every event is named from all that precede it.
    symbolizer.subscribe(to: replay, behind: gate)
    events.initialize(to: FollowedEvents(export: self))
    replay.onAny(events)
    replay.onLoss { [unowned self] loss in take(loss) }
    names.takes = { [unowned self] ticket, answer in held.rename(ticket, answer) }
  }

  deinit {
    events.deinitialize(count: 1)
    events.deallocate()
  }

  var isFinished: Bool { remaining == 0 || output.pointee.failure != 0 }

  func prepare() throws {
    defineTypes()
    try threads.update()
    if !gate.isOpen, replay.file.hasStacks { try openGate() }
  }

  /// Learns from the events that were delivered while no names were needed.
  private func openGate() throws {
    let past = Replay(replay.file)
    names.symbolizer.subscribe(to: past)
    try past.run(after: replay)
    gate.open()
  }

  func blocksHandedOut() {
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

  @inline(__always)
  fileprivate func take(_ event: borrowing RawEvent) throws {
    let header = event.header
    latest = max(latest, header.timestamp)
    guard event.typeIndex < isShown.count, isShown[event.typeIndex], isAdmitted(header) else {
      return
    }
    // An event without a stack waits for no names, unless one before it does.
    if header.stack == .none, held.isEmpty {
      let line = EventLine(event)
      threads.prepare(&format, for: line)
      format.write(line, stack: [], type: event.typeIndex, to: &output.pointee)
    } else if hold == 0 {
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
    scratch.removeAll()
    let place = format.writeHeld(line, type: event.typeIndex, to: &scratch)
    guard scratch.failure == 0 else { throw ReplayStop() }
    let lookup = names.symbolizer.resolve(
      pid: header.pid, stack: replay.file.stack(header.stack), at: header.timestamp)
    output.pointee.append(scratch.part(0..<place))
    write(
      lookup.answer, isFinal: names.symbolizer.isFinal(header.timestamp), to: &output.pointee)
    output.pointee.append(scratch.part(place..<scratch.count))
    if names.isFull { writeBackfills() }
  }

  /// Holds an event until its hold time has passed.
  private func keep(_ event: borrowing RawEvent, _ header: EventHeader) throws {
    let line = EventLine(event)
    threads.prepare(&format, for: line)
    scratch.removeAll()
    let place = format.writeHeld(line, type: event.typeIndex, to: &scratch)
    guard scratch.failure == 0 else { throw ReplayStop() }
    if header.stack == .none {
      held.add(time: header.timestamp, bytes: scratch, place: place)
    } else {
      let lookup = names.symbolizer.resolve(
        pid: header.pid, stack: replay.file.stack(header.stack), at: header.timestamp)
      held.add(
        time: header.timestamp, bytes: scratch, place: place, stack: lookup.answer,
        ticket: lookup.ticket)
    }
    unreleased += 1
    if unreleased >= Self.releaseInterval || held.isFull { release(before: latest) }
    if names.isFull { writeBackfills() }
  }

  private func isAdmitted(_ header: EventHeader) -> Bool {
    (filter.time?.contains(header.timestamp) ?? true) && (filter.pids?.contains(header.pid) ?? true)
      && (filter.tids?.contains(header.tid) ?? true)
  }

  private func take(_ loss: LossRecord) {
    let line = LossLine(loss, in: replay)
    guard filter.time?.contains(line.to) ?? true else { return }
    if held.isEmpty {
      format.write(line, to: &output.pointee)
      return
    }
    scratch.removeAll()
    format.write(line, to: &scratch)
    held.add(time: line.to, bytes: scratch, place: 0)
  }

  // MARK: Writing

  /// Writes the events whose hold time has passed.
  private func release(before time: Int64) {
    unreleased = 0
    let bound = time == .max ? .max : time &- hold &+ (hold == 0 ? 1 : 0)
    held.release(before: bound, to: &output.pointee, isFinal: names.symbolizer.isFinal) {
      answer, isFinal, output in
      write(answer, isFinal: isFinal, to: &output)
    }
  }

  private func write(_ answer: StackAnswer, isFinal: Bool, to output: inout OutputBuffer) {
    guard !answer.addresses.isEmpty else { return }
    format.write(stack: names.frames(of: answer, isFinal: isFinal, in: format), to: &output)
  }

  /// Writes the names found for frames of events that have already been written.
  private func writeBackfills() {
    for line in names.takeBackfills() { format.write(line, to: &output.pointee) }
  }
}

/// Passes the events of a replay to an export, which outlives the replay's runs.
private struct FollowedEvents<Format: EventFormat>: EventHandler {
  unowned(unsafe) let export: FollowingExport<Format>

  @inline(__always)
  mutating func handle(_ event: borrowing RawEvent) throws { try export.take(event) }
}

extension OutputBuffer {
  mutating func removeAll() { count = 0 }

  /// Returns collected bytes, which are valid until the buffer changes.
  func part(_ range: Range<Int>) -> ByteSlice {
    ByteSlice(start: UnsafePointer(base + range.lowerBound), count: range.count)
  }
}
