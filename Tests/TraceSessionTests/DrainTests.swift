import CTraceShims
import Foundation
import Synchronization
import TestSupport
import Testing
import TraceEvents
import TraceFormat
import TraceRing

@testable import TraceSession

/// The drain with producers that violate the rules.
@Suite(.randomized, .serialized, .usesEmitterSlots) struct DrainTests {
  static let schema = EventSchema(
    provider: "Drained", id: 1, name: "Text", fields: [FieldSchema("text", .string)])
  static let ref: UInt16 = 9

  let place = TemporaryDirectory()
  var path: String { "\(place.path)/drained.etl" }

  /// A lock set whose data this test writes directly, as process 3 or any other.
  final class Ring: @unchecked Sendable {
    let set: BufferSet
    let wake = trace_wake_descriptor()
    let slot: Int
    private(set) var written: UInt64 = 0
    private let row = UnsafeMutablePointer<trace_event_row>.allocate(capacity: 1)

    init(_ mode: TraceRing.BufferMode = .discard) throws {
      set = try BufferSet.create(
        BufferSetParameters(ringCount: 1, ringBytes: 1 << 20, mode: mode, writerKind: .lock))
      slot = try #require(EmitterSlots.free)
      row.initialize(to: trace_event_row())
    }

    /// Writes records that state `process` as their process.
    func write(as process: UInt32, ref: UInt16 = DrainTests.ref, _ records: [[UInt64]]) {
      EmitterSlots.attach(set, to: slot, processSlot: process, wakeDescriptor: wake)
      withUnsafeMutablePointer(to: &row.pointee.refs) {
        $0.withMemoryRebound(to: UInt16.self, capacity: 8) { $0[slot] = ref }
      }
      for record in records {
        record.withUnsafeBufferPointer {
          RingWriter.write(
            row: row, mask: 1 << UInt8(slot), payload: $0.baseAddress!, words: record.count)
        }
      }
      written += UInt64(records.count)
      #expect(EmitterSlots.detach(slot))
    }

    deinit {
      row.deallocate()
      close(wake)
    }
  }

  private func makeDrain(_ ring: Ring) throws -> Drain {
    let writer = try TraceWriter(
      path: path,
      session: SessionDescription(
        name: "test", clock: .counter, ticksPerSecond: 1_000_000_000,
        start: .now(.counter)))
    let drain = try Drain(writer: writer, wakeDescriptor: ring.wake)
    drain.add(ring.set, id: 1, firstStream: 0)
    drain.admit(process: 3, toSet: 1)
    drain.perform { writer in
      try? writer.define(ref: DrainTests.ref, schema: DrainTests.schema)
      writer.define(process: ProcessRecord(index: 3, pid: 1234))
    }
    return drain
  }

  @Test func goodRecordsAreInTheFile() throws {
    let ring = try Ring()
    let drain = try makeDrain(ring)
    ring.write(as: 3, (0..<1000).map { _ in [3, 0x63_6261] })
    let statistics = drain.stop()
    #expect(statistics.events == 1000)
    #expect(statistics.lostTotal == 0)
    #expect(statistics.failure == nil)
    #expect(try TraceFile(path: path).eventTypes.map(\.count) == [1000])
  }

  /// Drains two sets of rings into a file; process 3 writes into the first, process 4 into the
  /// second.
  static func work(
    _ path: String, _ rings: [Ring], _ schema: EventSchema
  ) throws -> DrainWork {
    let writer = try TraceWriter(
      path: path,
      session: SessionDescription(
        name: "test", clock: .counter, ticksPerSecond: 1_000_000_000,
        start: .now(.counter)))
    var work = DrainWork(writer: writer)
    for (index, ring) in rings.enumerated() {
      work.add(DrainedSet(ring.set, id: UInt32(index), firstStream: UInt32(index)))
    }
    work.admit([3: 0, 4: 1])
    work.perform { writer in
      try? writer.define(ref: DrainTests.ref, schema: schema)
      for index in UInt32(3)...4 { writer.define(process: ProcessRecord(index: index, pid: 1234)) }
    }
    return work
  }

  /// Buffers of a flight recorder that must be released are read before; others are not changed.
  @Test func whatIsEvictedIsInTheFile() throws {
    let rings = try [Ring(.overwrite), Ring(.overwrite)]
    var work = try Self.work(path, rings, DrainTests.schema)
    for round in 0..<20 {
      work.beginRound()
      rings[0].write(as: 3, [[1, 0x61]])
      rings[1].write(as: 4, [[1, 0x62]])
      // However often the others are skipped, none of their events are lost.
      if round == 0 { work.remove(setID: 0) { _ in } }
      work.flush()
    }
    #expect(try TraceFile(path: path).eventCount == 1)
    work.finish()
    #expect(try TraceFile(path: path).eventCount == 21)
    #expect(work.statistics.lostTotal == 0)
  }

  /// A program that reports its losses one by one does not fill the file with them.
  @Test func manyLossesOutsideTheRingsAreAddedUp() throws {
    let ring = try Ring()
    let drain = try makeDrain(ring)
    for _ in 0..<2000 { drain.lost(2, .tooEarly, process: 3) }
    #expect(drain.stop().lost == [.tooEarly: 4000])
    let totals = try TraceFile(path: path).lossTotals
    #expect(totals.map(\.count) == [4000])
    #expect(totals.map(\.processIndex) == [3])
  }

  @Test func recordsThatDoNotFitTheirSchemaAreDroppedAndCountedToTheirProcess() throws {
    let ring = try Ring()
    let drain = try makeDrain(ring)
    // A length beyond the record; no length; a valid one; excess bytes.
    ring.write(as: 3, [[4000, 1], [], [1, 0x61], [0, 0, 0]].map { $0.isEmpty ? [.max] : $0 })
    let statistics = drain.stop()
    #expect(statistics.events == 1)
    #expect(statistics.suspicions[1]?.malformed == 3)
    #expect(statistics.lost == [.malformed: 3])
    let sentences = BufferProblems(statistics).sentences(for: 3)
    #expect(sentences.count == 1)
    #expect(sentences.first?.contains("it wrote 3 records") == true)
    #expect(try TraceFile(path: path).lossTotals.map(\.processIndex) == [3])
  }

  @Test func eventsThatNobodyDefinedAndProcessesThatNobodyAdmittedAreDropped() throws {
    let ring = try Ring()
    let drain = try makeDrain(ring)
    ring.write(as: 3, ref: 77, [[0], [0]])
    ring.write(as: 4, [[0]])
    let statistics = drain.stop()
    #expect(statistics.events == 0)
    #expect(statistics.suspicions[1]?.malformed == 3)
  }

  /// A record states its process, which proves nothing in shared buffers.
  @Test func nobodyIsBlamedForWhatAnotherCanHaveDone() throws {
    let ring = try Ring()
    let drain = try makeDrain(ring)
    drain.admit(process: 5, toSet: 1)
    ring.write(as: 3, [[4000, 1]])
    let statistics = drain.stop()
    let problems = BufferProblems(statistics)
    #expect(statistics.suspicions[1]?.processes == [3, 5])
    #expect(problems.sentences(for: 3) == [] && problems.sentences(for: 5) == [])
    let processes = [(3, "innocent"), (5, "vandal")].map { index, name in
      TracedProcess(
        pid: UInt32(100 + index), uid: 0, executable: "/bin/\(name)", arguments: [],
        index: UInt32(index), isRunning: true, providers: [], problems: [])
    }
    let sentences = problems.sentences(among: processes)
    #expect(sentences.count == 1)
    #expect(
      sentences.first?.hasPrefix(
        "one of the 2 processes that share buffers (innocent (103), vandal (105)) wrote 1 record")
        == true)
    #expect(try TraceFile(path: path).lossTotals.map(\.processIndex) == [nil])
  }

  /// Counters with the greatest values cause no trap, and are ignored.
  @Test func extremeCountersEndNothing() throws {
    let ring = try Ring()
    let drain = try makeDrain(ring)
    ring.write(as: 3, (0..<100).map { _ in [3, 0x63_6261] })
    for value in [UInt64.max, 1 << 63, .max - 1, 1 << 47, .max] {
      // The header's counter, and a ring's.
      for place in [128]
        + (4096..<4096 + 256).filter({ (24..<64).contains($0 % 256) && $0 % 8 == 0 })
      {
        withUnsafeBytes(of: value) { ring.set.overwrite(at: place, with: $0) }
      }
      drain.flush()
      usleep(20_000)
    }
    let statistics = drain.stop()
    #expect(statistics.events == 100)
    #expect(statistics.lostTotal == 0)
    #expect(BufferProblems(statistics).lossesAreKnown == false)
    #expect(statistics.failure == nil)
  }

  /// A ring whose end moves continuously does not prevent others from being read.
  @Test func aRestlessRingDoesNotStarveOthers() throws {
    let vandal = try Ring()
    let ring = try Ring()
    let drain = try makeDrain(ring)
    drain.add(vandal.set, id: 2, firstStream: 1)
    drain.admit(process: 4, toSet: 2)
    let isOver = Atomic<Bool>(false)
    let thread = Thread {
      var random = SeededGenerator()
      while !isOver.load(ordering: .relaxed) {
        let tail = random.next() >> 44
        withUnsafeBytes(of: tail) { vandal.set.overwrite(at: 4096, with: $0) }
      }
    }
    thread.start()
    defer { isOver.store(true, ordering: .relaxed) }
    for _ in 0..<20 {
      ring.write(as: 3, (0..<1000).map { _ in [3, 0x63_6261] })
      let written = ring.written
      try waitUntil("the ring is read", seconds: 10) { drain.statistics.events >= written }
    }
    isOver.store(true, ordering: .relaxed)
    #expect(drain.stop().suspicions[2]?.isOverwritten == true)
  }

  @Test func scribbledBuffersNameThoseWhoCouldHaveDoneIt() throws {
    let ring = try Ring()
    ring.write(as: 3, (0..<20_000).map { _ in [3, 0x63_6261] })
    // The ring's first page.
    let data = UnsafeMutableRawPointer(ring.set.firstRingData)
    data.initializeMemory(as: UInt8.self, repeating: 0xff, count: 1 << 16)
    let drain = try makeDrain(ring)
    let statistics = drain.stop()
    #expect(statistics.suspicions.keys.sorted() == [1])
    #expect(statistics.suspicions[1]?.isOverwritten == true)
    #expect(statistics.suspicions[1]?.processes == [3])
    #expect(statistics.events + statistics.lostTotal == 20_000)
  }
}
