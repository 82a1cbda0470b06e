import CTraceShims
import Foundation
import TestSupport
import Testing
import TraceEvents
import TraceFormat
import TraceRing

@testable import TraceSession

/// A file truncated anywhere states the time up to which it has everything that a thread emitted.
@Suite(.randomized, .serialized, .usesEmitterSlots) struct CompletenessTests {
  static let schema = EventSchema(
    provider: "Cut", id: 1, name: "Number", fields: [FieldSchema("number", .uint64)])

  let place = TemporaryDirectory()
  var path: String { "\(place.path)/cut.etl" }

  /// The numbers of one thread that a file, or the beginning of one, contains.
  struct Content {
    var completeTicks: UInt64?
    /// The numbers up to those ticks, and all numbers.
    var complete: [UInt64] = []
    var all: [UInt64] = []

    init(_ bytes: ArraySlice<UInt8>) throws {
      let file = try TraceFile(bytes: Array(bytes))
      let limit = file.completeTicks
      completeTicks = limit
      var numbers: [(ticks: UInt64, number: UInt64)] = []
      let replay = Replay(file)
      replay.onAny { numbers.append(($0.header.ticks, $0.word(0))) }
      try replay.run()
      all = numbers.map(\.number)
      if let limit { complete = numbers.filter { $0.ticks <= limit }.map(\.number) }
    }

    static func isPrefix(_ numbers: [UInt64]) -> Bool {
      numbers.enumerated().allSatisfy { UInt64($0.offset) == $0.element }
    }
  }

  /// One thread emits alternately into the rings of two CPUs, while a drain reads them one after
  /// the other. Each beginning of the file is checked: whole blocks, and parts of blocks.
  @Test func everyBeginningOfAFileSaysUpToWhenItIsComplete() throws {
    try record()
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    var random = SeededGenerator()
    var (holes, complete) = (0, 0)
    var offset = 32
    while offset < bytes.count {
      let payload = (12..<16).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * ($1 - 12)) }
      let end = offset + 48 + payload
      for cut in [offset, Int.random(in: offset..<end, using: &random)] where cut > 32 {
        let content = try Content(bytes[..<cut])
        #expect(Content.isPrefix(content.complete), "cut at \(cut)")
        if !Content.isPrefix(content.all) { holes += 1 }
      }
      offset = end
    }
    let content = try Content(bytes[...])
    complete = content.complete.count
    #expect(Content.isPrefix(content.complete))
    // The test is meaningful: some cuts have holes, and most events are before the mark.
    #expect(holes > 0)
    #expect(complete * 10 > content.all.count * 5)
  }

  private func record() throws {
    let rings = try [DrainTests.Ring(), DrainTests.Ring()]
    var work = try DrainTests.work(path, rings, Self.schema)
    var next: UInt64 = 0
    func emit(_ ring: Int) {
      rings[ring].write(as: UInt32(3 + ring), [[next]])
      next += 1
    }
    for round in 0..<40 {
      work.beginRound()
      emit(round % 2)
      // Emitted while a ring's copy is read, into both rings, so that a ring whose turns are used
      // up keeps events that are older than the next ones of the other ring.
      work.drainRings { _ in
        emit(round % 2)
        emit(1 - round % 2)
      }
      if round % 3 == 0 { work.flush() }
    }
  }

  /// A ring written by a process that is not an emitter does not keep the others from being marked
  /// as complete: one whose records have the time of its start and that never ends, and one whose
  /// end jumps.
  @Test(arguments: [false, true])
  func aHostileRingHoldsTheMarkBackForAFewRoundsOnly(leaps: Bool) throws {
    let rings = try [DrainTests.Ring(), DrainTests.Ring()]
    var work = DrainWork(
      writer: try TraceWriter(
        path: path,
        session: SessionDescription(
          name: "test", clock: .counter, ticksPerSecond: 1_000_000_000,
          start: .now(.counter))))
    for (index, ring) in rings.enumerated() {
      work.add(DrainedSet(ring.set, id: UInt32(index), firstStream: UInt32(index)))
    }
    work.admit([3: 0, 4: 1])
    work.perform { writer in
      try? writer.define(ref: DrainTests.ref, schema: Self.schema)
      for index in UInt32(3)...4 { writer.define(process: ProcessRecord(index: index, pid: 1234)) }
    }
    // The first ring's tail is after the header.
    func setTail(_ words: UInt64) {
      withUnsafeBytes(of: words) { rings[1].set.overwrite(at: 4096, with: $0) }
    }
    rings[1].write(as: 4, [[1]])
    // After the page's context and that record; two words each, no ticks since the start of the
    // page.
    var count: UInt64 = 1
    func writeStale() {
      let place = rings[1].set.firstRingData + 12 + Int(2 * count)
      place[0] = 2 << 48 | UInt64(DrainTests.ref) << 32
      place[1] = 7
      count += 1
      setTail(count << 51 | (12 + 2 * count))
    }
    let begin = trace_ticks()
    for _ in 0..<40 {
      work.beginRound()
      rings[0].write(as: 3, [[1]])
      // An end that is far away at the start of the round, and near when it is read.
      if leaps { setTail(20) } else { writeStale() }
      work.drainRings { _ in if !leaps { writeStale() } }
      if leaps { setTail(1 << 40) }
    }
    let end = trace_ticks()
    work.beginRound()
    work.drainRings { _ in if !leaps { writeStale() } }
    work.flush()
    let mark = try #require(try TraceFile(path: path).completeTicks)
    #expect(mark > begin + (end - begin) / 2)
    if leaps { #expect(work.statistics.lost[.damaged] ?? 0 > 0) }
  }

  /// A lagging source of the session holds the mark back; a source without events moves it.
  @Test func theMarkWaitsForTheSessionsOwnSource() throws {
    let ring = try DrainTests.Ring()
    let drain = try Drain(
      writer: try TraceWriter(
        path: path,
        session: SessionDescription(
          name: "test", clock: .counter, ticksPerSecond: 1_000_000_000,
          start: .now(.counter))), wakeDescriptor: ring.wake)
    drain.add(ring.set, id: 1, firstStream: 0)
    let numbers = Dictionary(
      uniqueKeysWithValues: ProviderSchema.system.events.map { ($0.id, $0.id + 100) })
    let channel = SystemChannel(drain, refs: try #require(SystemRefs(numbers)))
    let begin = trace_ticks()
    channel.begin(atTicks: begin)
    func mark(after action: () -> Void) throws -> UInt64 {
      let before = try FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64
      action()
      drain.flush()
      let limit = trace_monotonic_ns() + 20_000_000_000
      while trace_monotonic_ns() < limit {
        let now = try FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64
        if now != before, let mark = try TraceFile(path: path).completeTicks { return mark }
        usleep(1000)
      }
      return .max
    }
    #expect(try mark {} == begin)
    let next = trace_ticks()
    let later = try mark {
      let batch = channel.take(waitingNanoseconds: .max / 4)!
      batch.completeTicks = next
      channel.send(batch)
    }
    #expect(later == next)
    channel.cancel()
    #expect(try mark {} > next)
    drain.stop()
  }

  /// The mark also waits for the files in which processes announce code, and for the notices that
  /// name these processes.
  @Test func theMarkWaitsForAnnouncedCode() throws {
    let ring = try DrainTests.Ring()
    let drain = try Drain(
      writer: try TraceWriter(
        path: path,
        session: SessionDescription(
          name: "test", clock: ClockKind.here, ticksPerSecond: ClockKind.here.ticksPerSecond,
          start: .now(ClockKind.here))), wakeDescriptor: ring.wake)
    let refs = try #require(
      SystemRefs(
        Dictionary(
          uniqueKeysWithValues: ProviderSchema.system.events.map { ($0.id, $0.id + 100) })))
    drain.perform { writer in
      for event in ProviderSchema.system.events {
        try? writer.define(ref: event.id + 100, schema: event)
      }
      writer.define(process: ProcessRecord(index: 3, pid: 1))
    }
    let source = CodeFileSource(SystemChannel(drain, refs: refs))
    try source.start()
    defer {
      source.stop()
      drain.stop()
    }
    let began = ClockKind.here.now()
    func mark() throws -> UInt64? {
      drain.flush()
      usleep(2000)
      return try TraceFile(path: path).completeTicks
    }
    // Without notices, it does not move beyond the start.
    try waitUntil { try mark() != nil }
    #expect(try #require(try mark()) <= began)
    let sleeper = try Sleeper()
    let map = try WrittenFile(sleeper.mapPath)
    map.write("1000 20 a\n")
    let written = ClockKind.here.now()
    source.post(
      [CodeFileNotice(kind: .mayHaveMap, pid: sleeper.pid, process: 3, ticks: written)],
      completeTo: written)
    try waitUntil { try #require(try mark()) > began }
    #expect(try mark() == written)
    #expect(try codeNames() == ["a"])
    map.write("2000 20 b\n")
    let later = ClockKind.here.now()
    source.post([], completeTo: later)
    try waitUntil { try #require(try mark()) > written }
    #expect(try codeNames() == ["a", "b"])
  }

  private func codeNames() throws -> [String] {
    var names: [String] = []
    let replay = Replay(try TraceFile(path: path))
    replay.on(CodeLoad.self) { load, _ in names.append(load.name) }
    try replay.run()
    return names
  }

  /// A set that the drain does not read, such as a flight recorder's, is complete only up to its
  /// start.
  @Test func whatIsNotReadIsNotSaidToBeComplete() throws {
    let ring = try DrainTests.Ring()
    var options = Drain.Options()
    options.keepsUntilStop = true
    let writer = try TraceWriter(
      path: path,
      session: SessionDescription(
        name: "test", clock: .counter, ticksPerSecond: 1_000_000_000,
        start: .now(.counter)))
    let drain = try Drain(writer: writer, wakeDescriptor: ring.wake, options: options)
    let before = ClockSync.now(.counter).ticks
    drain.add(ring.set, id: 1, firstStream: 0)
    // An event that remains in the ring.
    ring.write(as: 3, [[1]])
    drain.flush()
    try waitUntil { try TraceFile(path: path).completeTicks != nil }
    #expect(try TraceFile(path: path).completeTicks ?? .max <= before)
    drain.stop()
    #expect(try TraceFile(path: path).completeTicks == nil)
  }
}
