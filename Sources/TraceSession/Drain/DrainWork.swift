import TraceFormat
import TraceRing

/// The state of the drain's thread: the rings' readers and the file's writer. Used only on that
/// thread.
struct DrainWork: ~Copyable {
  /// The thread sleeps after a round that moved less than this.
  static let busyWords = 32 * 1024
  /// If a ring is not read up to its end at the start of the round in more than this number of
  /// consecutive rounds, it is skipped, so that it does not keep the other rings from being marked
  /// as complete.
  private static let roundsBehindMax = 8

  private struct Stream {
    var reader: UnsafeMutablePointer<RingReader>
    var id: UInt32
    var setID: UInt32
    var cpu: UInt16
    /// The writer of the last accepted record, so that most records need no lookup.
    var admittedWriter: UInt64 = .max
    /// The maximum number of stretches per round: twice the ring's capacity. A ring whose end jumps
    /// therefore waits for its next turn like any other.
    var turnsPerRound: Int
    var turns = 0
    /// Number of records refused since the last flush.
    var refused: UInt64 = 0
    var losses = LossBatch()
    /// The time up to which every record was read, or is counted as lost.
    var readTicks: UInt64
    /// Number of consecutive rounds that did not read all records that were in the ring at their
    /// start.
    var roundsBehind = 0

    /// Called at the end of a round that began at `roundTicks`, and that read this ring if
    /// `isMeant`. Records from before `roundTicks` were committed before the ring's end was read,
    /// except for an event that was being written at that moment; its thread has emitted no later
    /// event up to `roundTicks`.
    ///
    /// - Returns: false if the ring was skipped because its end was not reached, which happens only
    ///   if a process other than an emitter writes into it.
    mutating func endRound(roundTicks: UInt64, isMeant: Bool) -> Bool {
      let isBehind = !reader.pointee.isAtGoal
      roundsBehind = isBehind && isMeant ? roundsBehind + 1 : 0
      let isSkipped = roundsBehind > DrainWork.roundsBehindMax
      if isSkipped { reader.pointee.skip() }
      if !isBehind || isSkipped { readTicks = max(readTicks, roundTicks) }
      return !isSkipped
    }
  }

  private var writer: TraceWriter
  private var streams: [Stream] = []
  private var sets: [DrainedSet] = []
  /// The set that each process may write to.
  private var processes: [UInt32: UInt32] = [:]
  /// A copy of one page of the ring being read.
  private let copy = UnsafeMutablePointer<UInt64>.allocate(capacity: RingLayout.pageWords)
  /// Losses of events that reached no ring.
  private var missed = LossBatch()
  private(set) var statistics = DrainStatistics()
  /// The start of the round, read before new sets are added: a set added later has no earlier
  /// event.
  private var roundTicks: UInt64 = 0

  init(writer: consuming TraceWriter) { self.writer = writer }

  deinit {
    for stream in streams { Self.free(stream.reader) }
    copy.deallocate()
  }

  mutating func add(_ set: DrainedSet) {
    sets.append(set)
    let isPerCPU = set.set.parameters.writerKind == .rseq
    for ring in 0..<set.set.parameters.ringCount {
      let reader = UnsafeMutablePointer<RingReader>.allocate(capacity: 1)
      reader.initialize(to: RingReader(set.set, ring: ring, copy: copy))
      reader.pointee.aim()
      streams.append(
        Stream(
          reader: reader, id: set.firstStream + UInt32(ring), setID: set.id,
          cpu: isPerCPU ? UInt16(truncatingIfNeeded: ring) : .max,
          turnsPerRound: 2 * set.set.parameters.ringBytes / (RingLayout.pageWords * 8),
          readTicks: reader.pointee.lastTicks))
    }
  }

  /// `afterCopy` as in ``drainRings(of:_:)``: other sets are read, too, and their processes may
  /// have just joined.
  mutating func remove(setID: UInt32, _ afterCopy: (inout DrainWork) -> Void) {
    // For a flight recorder, the other sets are read at the end.
    pollLosses()
    let isRecorder = sets.first { $0.id == setID }?.set.parameters.mode == .overwrite
    drainEverything(isRecorder ? setID : nil, afterCopy)
    closeReaders { $0.setID == setID }
    for stream in streams where stream.setID == setID { Self.free(stream.reader) }
    streams.removeAll { $0.setID == setID }
    sets.removeAll { $0.id == setID }
  }

  mutating func admit(_ processes: [UInt32: UInt32]) {
    self.processes = processes
    for index in streams.indices { streams[index].admittedWriter = .max }
  }

  mutating func perform(_ command: Drain.Command) { command(&writer) }

  /// Called first in each round.
  mutating func beginRound() {
    roundTicks = clock.now()
    for stream in streams { stream.reader.pointee.aim() }
  }

  /// The time up to which all rings were read.
  private var completeTicks: UInt64 { streams.reduce(roundTicks) { min($0, $1.readTicks) } }

  /// Reads each ring up to its current end, the ring with the oldest events first, so that blocks
  /// cover short times. Returns the number of words read. `afterCopy` may add sets but not remove
  /// any.
  ///
  /// - Guarantee: a round is bounded, and so is each ring's part of it. A producer that never
  ///   pauses, or that moves its ring's end, delays neither flushes nor other rings.
  @discardableResult
  mutating func drainRings(
    of setID: UInt32? = nil, _ afterCopy: (inout DrainWork) -> Void
  ) -> Int {
    var words = 0
    for index in streams.indices {
      let isMeant = setID == nil || streams[index].setID == setID
      streams[index].turns = isMeant ? streams[index].turnsPerRound : 0
    }
    while let index = oldestWithMore() {
      streams[index].turns -= 1
      let reader = streams[index].reader
      if reader.pointee.advance() {
        words += reader.pointee.copiedWords
        afterCopy(&self)
        parse(index)
      }
      takeNotices(index)
    }
    for index in streams.indices {
      let isMeant = setID == nil || streams[index].setID == setID
      if !streams[index].endRound(roundTicks: roundTicks, isMeant: isMeant) {
        takeNotices(index)
        finishLosses(index)
      }
    }
    noteWritten()
    return words
  }

  /// Reads until nothing is left; bounded by the rings' capacity, so that a process that continues
  /// to write does not prevent the session from ending.
  private mutating func drainEverything(
    _ setID: UInt32? = nil, _ afterCopy: (inout DrainWork) -> Void
  ) {
    var words = sets.reduce(0) { sum, set in
      sum + set.set.parameters.ringBytes * set.set.parameters.ringCount / 4
    }
    while words > 0 {
      let read = drainRings(of: setID, afterCopy)
      if read == 0 { break }
      words -= read
    }
  }

  private func oldestWithMore() -> Int? {
    var best: Int?
    var bestTicks = UInt64.max
    for index in streams.indices
    where streams[index].turns > 0 && streams[index].reader.pointee.hasMore {
      let ticks = streams[index].reader.pointee.lastTicks
      if best == nil || ticks < bestTicks {
        best = index
        bestTicks = ticks
      }
    }
    return best
  }

  private mutating func parse(_ index: Int) {
    let stream = streams[index]
    writer.beginStretch(stream: stream.id, cpu: stream.cpu)
    let reader = stream.reader
    var admitted = stream.admittedWriter
    while let record = reader.pointee.next() {
      let process = UInt32(truncatingIfNeeded: record.writer >> 32)
      if record.writer != admitted {
        guard processes[process] == stream.setID else {
          streams[index].refused &+= 1
          continue
        }
        admitted = record.writer
      }
      let isAccepted = writer.append(
        ref: record.ref, ticks: record.ticks, process: process,
        tid: UInt32(truncatingIfNeeded: record.writer), flags: record.fileFlags,
        words: record.payload, count: record.payloadWords)
      if !isAccepted { streams[index].refused &+= 1 }
    }
    streams[index].admittedWriter = admitted
  }

  // MARK: Losses

  private mutating func takeNotices(_ index: Int) {
    let stream = streams[index]
    guard !stream.reader.pointee.notices.isEmpty else { return }
    for notice in stream.reader.pointee.takeNotices() {
      if notice.cause == .damaged {
        statistics.suspicions[stream.setID, default: Suspicion()].isOverwritten = true
      }
      if notice.cause == .implausible {
        statistics.suspicions[stream.setID, default: Suspicion()].hasImplausibleCounters = true
      }
      guard let cause = notice.cause.inFile, notice.count > 0 else { continue }
      report(
        LossRecord(
          stream: stream.id, cpu: notice.cause == .lostWithoutRseq ? .max : stream.cpu,
          cause: cause, count: notice.count, fromTicks: notice.fromTicks,
          toTicks: notice.toTicks), index)
    }
  }

  /// Records a loss that no ring reports.
  mutating func report(_ record: LossRecord) {
    count(record)
    if let now = missed.add(record) { writer.loss(now) }
  }

  private mutating func report(_ record: LossRecord, _ index: Int) {
    count(record)
    if let now = streams[index].losses.add(record) { writer.loss(now) }
  }

  private mutating func count(_ record: LossRecord) {
    statistics.lost[record.cause] =
      statistics.lost[record.cause, default: 0].addingClamped(record.count)
  }

  /// Also detects rings that were restarted and must be read again.
  private mutating func pollLosses() {
    for index in streams.indices {
      streams[index].reader.pointee.pollLosses()
      takeNotices(index)
      finishLosses(index)
    }
    for record in missed.take() { writer.loss(record) }
    nameSuspects()
  }

  /// Closes the readers of these rings.
  private mutating func closeReaders(_ isMeant: (Stream) -> Bool) {
    for index in streams.indices where isMeant(streams[index]) {
      streams[index].reader.pointee.close()
      takeNotices(index)
      finishLosses(index)
    }
    nameSuspects()
  }

  /// Writes the losses collected since the last flush.
  private mutating func finishLosses(_ index: Int) {
    let stream = streams[index]
    if stream.refused > 0 {
      streams[index].refused = 0
      statistics.suspicions[stream.setID, default: Suspicion()].malformed &+= stream.refused
      let last = stream.reader.pointee.lastTicks
      let writers = writers(of: stream.setID)
      report(
        LossRecord(
          stream: stream.id, cpu: stream.cpu, cause: .malformed, count: stream.refused,
          fromTicks: last, toTicks: last,
          // A record states its process, but any process that shares the buffers can write that.
          processIndex: writers.count == 1 ? writers[0] : nil), index)
    }
    for record in streams[index].losses.take() { writer.loss(record) }
  }

  /// The processes that can write to a set, including those that have left, because they may have
  /// kept the memory mapped.
  private func writers(of setID: UInt32) -> [UInt32] {
    processes.filter { $0.value == setID }.map(\.key).sorted()
  }

  private mutating func nameSuspects() {
    for setID in statistics.suspicions.keys where sets.contains(where: { $0.id == setID }) {
      let writers = writers(of: setID)
      statistics.suspicions[setID]?.processes = writers
    }
  }

  // MARK: Writing

  mutating func requestWake() { for stream in streams { stream.reader.pointee.requestWake() } }

  mutating func syncClock() { writer.clockSync(.now(clock)) }

  private var clock: ClockKind {
    guard let first = sets.first else { return .here }
    return first.set.parameters.usesMonotonicClock ? .monotonic : .counter
  }

  /// Writes the definitions of events and processes before the events: without them, the events
  /// left in the rings of a killed session could not be read.
  mutating func writeDefinitions() { writer.flushDefinitions() }

  /// Flushes the writer. The trace is marked as complete at most up to `sourceTicks`, the time of
  /// the other sources.
  mutating func flush(sourceTicks: UInt64 = .max) {
    pollLosses()
    syncClock()
    do { try writer.flush(completeTo: min(completeTicks, sourceTicks)) } catch {}
    noteWritten()
  }

  /// Reads the remaining events and ends the file, after the symbols that `symbols` returns for it.
  /// An error is in the statistics.
  mutating func finish(symbols: ((TraceFile) -> [ImageSymbols])? = nil) {
    pollLosses()
    drainEverything(nil) { _ in }
    closeReaders { _ in true }
    syncClock()
    if let symbols, let file = try? writer.reopened() {
      for image in symbols(file) { writer.define(symbols: image) }
    }
    do { try writer.finish() } catch {}
    noteWritten()
  }

  private mutating func noteWritten() {
    statistics.events = writer.eventCount
    statistics.bytes = writer.byteCount
    statistics.failure = writer.failure
    statistics.limitedProcesses = writer.limitedProcesses
  }

  private static func free(_ reader: UnsafeMutablePointer<RingReader>) {
    reader.deinitialize(count: 1)
    reader.deallocate()
  }
}

extension RingRecord {
  fileprivate var fileFlags: UInt8 { (isRundown ? 1 : 0) | (hasStack ? 2 : 0) }
}

extension RingNotice.Cause {
  /// Nil if nothing was lost.
  fileprivate var inFile: LossCause? {
    switch self {
    case .lost(let cause): LossCause(rawValue: UInt8(cause.rawValue))
    case .lostWithoutRseq: .contention
    case .overwritten: .overwritten
    case .damaged: .damaged
    case .implausible: nil
    }
  }
}
