import CTraceShims
package import TraceFormat
import TraceRing

/// What the drain's thread works with: the rings' readers and the file's writer. Nobody else
/// touches it.
struct DrainWork: ~Copyable {
  /// A round that moved less than this leaves time to sleep.
  static let busyWords = 32 * 1024

  private struct Stream {
    var reader: UnsafeMutablePointer<RingReader>
    var id: UInt32
    var setID: UInt32
    var cpu: UInt16
    /// The writer of the last accepted record, so that most records need no look-up.
    var admittedWriter: UInt64 = .max
  }

  private var writer: TraceWriter
  private var streams: [Stream] = []
  private var sets: [DrainedSet] = []
  /// Process → the set that it may write to.
  private var processes: [UInt32: UInt32] = [:]
  private var lostWithoutRseq: [UInt32: UInt64] = [:]
  /// Records refused since the last flush, by process and stream.
  private var refused: [UInt64: UInt64] = [:]
  private(set) var statistics = DrainStatistics()

  init(writer: consuming TraceWriter) { self.writer = writer }

  deinit { for stream in streams { Self.free(stream.reader) } }

  mutating func add(_ set: DrainedSet) {
    sets.append(set)
    let isPerCPU = set.set.parameters.writerKind == .rseq
    for ring in 0..<set.set.parameters.ringCount {
      let reader = UnsafeMutablePointer<RingReader>.allocate(capacity: 1)
      reader.initialize(to: RingReader(set.set, ring: ring))
      streams.append(
        Stream(
          reader: reader, id: set.firstStream + UInt32(ring), setID: set.id,
          cpu: isPerCPU ? UInt16(truncatingIfNeeded: ring) : .max))
    }
  }

  /// `afterCopy` as in ``drainRings(_:)``: other sets are read too, and their processes may have
  /// joined just now.
  mutating func remove(setID: UInt32, _ afterCopy: (inout DrainWork) -> Void) {
    drainEverything(afterCopy)
    pollLosses()
    for stream in streams where stream.setID == setID { Self.free(stream.reader) }
    streams.removeAll { $0.setID == setID }
    sets.removeAll { $0.id == setID }
  }

  mutating func admit(_ processes: [UInt32: UInt32]) {
    self.processes = processes
    for index in streams.indices { streams[index].admittedWriter = .max }
  }

  mutating func perform(_ command: Drain.Command) { command(&writer) }

  /// Reads each ring up to where it stands now; the ring with the oldest events first, so that
  /// blocks cover little time. Gives the words read. `afterCopy` may add sets but not remove any.
  @discardableResult
  mutating func drainRings(_ afterCopy: (inout DrainWork) -> Void) -> Int {
    var words = 0
    // Bounded, so that a producer that never pauses does not keep flushes and commands waiting.
    var pages = 64 * max(streams.count, 1)
    while pages > 0, let index = oldestWithMore() {
      pages -= 1
      let reader = streams[index].reader
      if reader.pointee.advance() {
        words += reader.pointee.copiedWords
        afterCopy(&self)
        parse(index)
      }
      takeNotices(reader, streams[index])
    }
    statistics.events = writer.eventCount
    statistics.bytes = writer.byteCount
    statistics.failure = writer.failure
    return words
  }

  /// Reads until nothing is left; bounded by what rings hold, so that a process that goes on
  /// writing does not keep the session from ending.
  private mutating func drainEverything(_ afterCopy: (inout DrainWork) -> Void) {
    var words = sets.reduce(0) { sum, set in
      sum + set.set.parameters.ringBytes * set.set.parameters.ringCount / 4
    }
    while words > 0 {
      let read = drainRings(afterCopy)
      if read == 0 { break }
      words -= read
    }
  }

  private func oldestWithMore() -> Int? {
    var best: Int?
    var bestTicks = UInt64.max
    for index in streams.indices where streams[index].reader.pointee.hasMore {
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
          refuse(process, stream)
          continue
        }
        admitted = record.writer
      }
      let isAccepted = writer.append(
        ref: record.ref, ticks: record.ticks, process: process,
        tid: UInt32(truncatingIfNeeded: record.writer), flags: record.fileFlags,
        words: record.payload, count: record.payloadWords)
      if !isAccepted { refuse(process, stream) }
    }
    streams[index].admittedWriter = admitted
  }

  // MARK: Losses

  private mutating func refuse(_ process: UInt32, _ stream: Stream) {
    refused[UInt64(process) << 32 | UInt64(stream.id), default: 0] += 1
  }

  private mutating func takeNotices(_ reader: UnsafeMutablePointer<RingReader>, _ stream: Stream) {
    guard !reader.pointee.notices.isEmpty else { return }
    for notice in reader.pointee.takeNotices() {
      if notice.cause == .damaged {
        statistics.damagedSets[stream.setID] =
          processes.filter { $0.value == stream.setID }.map(\.key).sorted()
      }
      report(
        LossRecord(
          stream: stream.id, cpu: stream.cpu, cause: notice.cause.inFile, count: notice.count,
          fromTicks: notice.fromTicks, toTicks: notice.toTicks))
    }
  }

  mutating func report(_ record: LossRecord) {
    statistics.lost[record.cause, default: 0] += record.count
    writer.loss(record)
  }

  private mutating func pollLosses() {
    for stream in streams {
      stream.reader.pointee.pollLosses()
      takeNotices(stream.reader, stream)
    }
    for set in sets {
      let total = set.set.lostWithoutRseq
      let known = lostWithoutRseq[set.id, default: 0]
      guard total > known, let stream = streams.first(where: { $0.setID == set.id }) else {
        continue
      }
      lostWithoutRseq[set.id] = total
      report(
        LossRecord(
          stream: stream.id, cpu: .max, cause: .contention, count: total - known,
          fromTicks: stream.reader.pointee.lastTicks, toTicks: set.set.ticks))
    }
    for (key, count) in refused {
      reportRefused(UInt32(key >> 32), UInt32(key & 0xffff_ffff), count)
    }
    refused = [:]
  }

  private mutating func reportRefused(_ process: UInt32, _ streamID: UInt32, _ count: UInt64) {
    guard let stream = streams.first(where: { $0.id == streamID }) else { return }
    statistics.malformed[process, default: 0] += count
    let last = stream.reader.pointee.lastTicks
    report(
      LossRecord(
        stream: streamID, cpu: stream.cpu, cause: .malformed, count: count, fromTicks: last,
        toTicks: last, processIndex: processes[process] == nil ? nil : process))
  }

  // MARK: Writing

  mutating func requestWake() { for stream in streams { stream.reader.pointee.requestWake() } }

  mutating func syncClock() { writer.clockSync(.now(monotonic: usesMonotonicClock)) }

  private var usesMonotonicClock: Bool {
    sets.first.map { $0.set.parameters.usesMonotonicClock } ?? !trace_ticks_are_invariant()
  }

  /// What events are and whose, before events: without it nobody can read what is left in the rings
  /// of a session that was killed.
  mutating func writeDefinitions() { writer.flushDefinitions() }

  mutating func flush() {
    pollLosses()
    syncClock()
    do { try writer.flush() } catch {}
    statistics.failure = writer.failure
    statistics.bytes = writer.byteCount
  }

  /// Reads what is left and ends the file, after the symbols that `symbols` gives for it. An error
  /// is in the statistics.
  mutating func finish(symbols: ((TraceFile) -> [ImageSymbols])? = nil) {
    drainEverything { _ in }
    pollLosses()
    syncClock()
    if let symbols, let file = try? writer.reopened() {
      for image in symbols(file) { writer.define(symbols: image) }
    }
    do { try writer.finish() } catch {}
    statistics.events = writer.eventCount
    statistics.bytes = writer.byteCount
    statistics.failure = writer.failure
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
  fileprivate var inFile: LossCause {
    switch self {
    case .lost(let cause): LossCause(rawValue: UInt8(cause.rawValue))
    case .overwritten: .overwritten
    case .damaged: .damaged
    }
  }
}

extension ClockSync {
  /// The clocks read together: of a few tries the one that took least time.
  package static func now(monotonic: Bool) -> ClockSync {
    var best: ClockSync?
    var bestWidth = UInt64.max
    for _ in 0..<5 {
      let before = monotonic ? trace_monotonic_ns() : trace_ticks()
      let monotonicNanoseconds = trace_monotonic_ns()
      let realtime = trace_realtime_ns()
      let after = monotonic ? trace_monotonic_ns() : trace_ticks()
      guard after &- before < bestWidth else { continue }
      bestWidth = after &- before
      best = ClockSync(
        ticks: monotonic ? monotonicNanoseconds : before &+ bestWidth / 2,
        monotonicNanoseconds: monotonicNanoseconds, realtimeNanoseconds: realtime)
    }
    return best!
  }
}
