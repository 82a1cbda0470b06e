import TraceEvents
import TraceFormat
import TraceRing

/// A trace assembled from an unfinished file and from the rings that contain the remaining events.
final class RecoveredTrace {
  /// The events of a ring in the file.
  private struct Known {
    var events: UInt64 = 0
    var lastTicks: UInt64 = 0
    /// The number of events at `lastTicks`.
    var eventsAtLast: UInt64 = 0
  }

  private let file: TraceFile
  private var writer: TraceWriter
  private let schemas: [EventSchema]
  private var stretches: [UInt32: RecoveredStretch] = [:]
  private var known: [UInt32: Known] = [:]
  private let processes: Set<UInt32>
  private var outcome = Recovery.Outcome()

  init(_ file: TraceFile, path: String) throws(FormatError) {
    self.file = file
    schemas = file.eventTypes.map(\.schema)
    processes = Set(file.processes.map(\.index))
    var writer = try TraceWriter(path: path, session: file.session)
    for provider in file.providers { writer.define(provider: provider) }
    for type in file.eventTypes { try writer.define(ref: type.ref, schema: type.schema) }
    for process in file.processes { writer.define(process: process) }
    for sync in file.clockSyncs.dropFirst() { writer.clockSync(sync) }
    for total in file.lossTotals {
      writer.loss(
        LossRecord(
          stream: total.stream, cpu: total.cpu, cause: total.cause, count: total.count,
          fromTicks: total.firstTicks, toTicks: total.lastTicks,
          processIndex: total.processIndex))
    }
    self.writer = writer
  }

  // MARK: The file

  /// Copies the file's events.
  func addFile() throws {
    let refs = file.eventTypes.map(\.ref)
    let replay = Replay(file)
    replay.onAny { [self] event in
      let header = event.header
      note(stream: header.stream, ticks: header.ticks)
      let stack = header.stack == .none ? [] : file.stack(header.stack)
      let schema = schemas[event.typeIndex]
      add(stream: header.stream, cpu: header.cpu) { stretch in
        stretch.begin(
          ref: refs[event.typeIndex], ticks: header.ticks, process: header.processIndex,
          tid: header.tid, flags: header.flags.rawValue)
        for (position, field) in schema.fields.enumerated() {
          stretch.append(event, position, field.type)
        }
        stretch.append(contentsOf: stack)
      }
    }
    try replay.run()
    writeStretches()
    outcome.copied = writer.eventCount
  }

  private func note(stream: UInt32, ticks: UInt64) {
    var ring = known[stream] ?? Known()
    ring.eventsAtLast = ticks == ring.lastTicks ? ring.eventsAtLast + 1 : 1
    ring.lastTicks = ticks
    ring.events += 1
    known[stream] = ring
  }

  // MARK: The rings

  /// Adds the events in a set's rings that are not in the file.
  func add(_ set: BufferSet) {
    let parameters = set.parameters
    for ring in 0..<parameters.ringCount {
      add(
        RingReader(recovering: set, ring: ring),
        stream: parameters.firstStream + UInt32(ring),
        cpu: parameters.writerKind == .rseq ? UInt16(truncatingIfNeeded: ring) : .max)
    }
    writeStretches()
  }

  private func add(_ reader: consuming RingReader, stream: UInt32, cpu: UInt16) {
    let before = known[stream] ?? Known()
    var sameTicks = before.eventsAtLast
    var firstTicks: UInt64?
    // Bounded by twice the ring, because a process may continue to write.
    var stepsLeft = reader.pageCount * 2
    while stepsLeft > 0, reader.hasMore {
      stepsLeft -= 1
      guard reader.advance() else { continue }
      while let record = reader.next() {
        firstTicks = firstTicks ?? record.ticks
        if record.ticks < before.lastTicks { continue }
        if record.ticks == before.lastTicks, sameTicks > 0 {
          sameTicks -= 1
          continue
        }
        take(record, stream: stream, cpu: cpu)
      }
    }
    // The file may have all events before the oldest one in the ring.
    let earlier = reader.eventsBeforeStart ?? 0
    let missing = earlier &- min(earlier, before.events)
    if missing > 0, let firstTicks, firstTicks > before.lastTicks {
      outcome.lost = outcome.lost.addingClamped(missing)
      writer.loss(
        LossRecord(
          stream: stream, cpu: cpu, cause: .overwritten, count: missing,
          fromTicks: min(before.lastTicks, firstTicks), toTicks: firstTicks))
    }
  }

  private func take(_ record: RingRecord, stream: UInt32, cpu: UInt16) {
    let process = UInt32(truncatingIfNeeded: record.writer >> 32)
    guard processes.contains(process) else { return }
    add(stream: stream, cpu: cpu) { stretch in
      stretch.begin(
        ref: record.ref, ticks: record.ticks, process: process,
        tid: UInt32(truncatingIfNeeded: record.writer),
        flags: (record.isRundown ? EventFlags.rundown.rawValue : 0)
          | (record.hasStack ? EventFlags.stack.rawValue : 0))
      stretch.append(
        contentsOf: UnsafeBufferPointer(start: record.payload, count: record.payloadWords))
    }
  }

  // MARK: Writing

  /// Ends the file.
  func finish() throws(FormatError) -> Recovery.Outcome {
    outcome.recovered = writer.eventCount - outcome.copied
    try writer.finish()
    return outcome
  }

  private func add(stream: UInt32, cpu: UInt16, _ body: (inout RecoveredStretch) -> Void) {
    body(&stretches[stream, default: RecoveredStretch(cpu: cpu)])
    guard let stretch = stretches[stream], stretch.isFull else { return }
    stretches[stream] = nil
    write(stretch, stream)
  }

  private func writeStretches() {
    let all = stretches.sorted { $0.key < $1.key }
    stretches = [:]
    for (stream, stretch) in all { write(stretch, stream) }
  }

  private func write(_ stretch: RecoveredStretch, _ stream: UInt32) {
    writer.beginStretch(stream: stream, cpu: stretch.cpu)
    stretch.eachRecord { record, words in
      let isAccepted = writer.append(
        ref: record.ref, ticks: record.ticks, process: record.process, tid: record.tid,
        flags: record.flags, words: words.baseAddress!, count: words.count)
      if !isAccepted { outcome.lost = outcome.lost.addingClamped(1) }
    }
  }
}
