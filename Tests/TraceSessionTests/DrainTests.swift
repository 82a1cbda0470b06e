import CTraceShims
import TestSupport
import Glibc
import Testing
import TraceEvents
import TraceFormat
import TraceRing

@testable import TraceSession

/// The drain against producers that do not keep to the rules.
@Suite(.serialized, .usesEmitterSlots) struct DrainTests {
  static let schema = EventSchema(
    provider: "Drained", id: 1, name: "Text", fields: [FieldSchema("text", .string)])
  static let ref: UInt16 = 9

  let place = TemporaryDirectory()
  var path: String { "\(place.path)/drained.etl" }

  /// A lock set whose data this test writes by hand, as process 3 or any other.
  final class Ring {
    let set: BufferSet
    let wake = trace_wake_descriptor()
    let slot: Int
    private let row = UnsafeMutablePointer<trace_event_row>.allocate(capacity: 1)

    init() throws {
      set = try BufferSet.create(
        BufferSetParameters(ringCount: 1, ringBytes: 1 << 20, mode: .discard, writerKind: .lock))
      slot = try #require(EmitterSlots.free)
      row.initialize(to: trace_event_row())
    }

    /// Writes records as the process says it is `process`.
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
        start: .now(monotonic: false)))
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

  @Test func recordsThatDoNotFitTheirSchemaAreDroppedAndCountedToTheirProcess() throws {
    let ring = try Ring()
    let drain = try makeDrain(ring)
    // A length beyond the record; no length; a good one; bytes left over.
    ring.write(as: 3, [[4000, 1], [], [1, 0x61], [0, 0, 0]].map { $0.isEmpty ? [.max] : $0 })
    let statistics = drain.stop()
    #expect(statistics.events == 1)
    #expect(statistics.malformed == [3: 3])
    #expect(statistics.lost == [.malformed: 3])
    var process = TracedProcess(
      pid: 1234, uid: 0, executable: "x", arguments: [], index: 3, isRunning: true, providers: [],
      problems: [])
    process.addProblems(of: statistics)
    #expect(process.problems.count == 1)
    #expect(process.problems[0].contains("3 records"))
  }

  @Test func eventsThatNobodyDefinedAndProcessesThatNobodyAdmittedAreDropped() throws {
    let ring = try Ring()
    let drain = try makeDrain(ring)
    ring.write(as: 3, ref: 77, [[0], [0]])
    ring.write(as: 4, [[0]])
    let statistics = drain.stop()
    #expect(statistics.events == 0)
    #expect(statistics.malformed == [3: 2, 4: 1])
  }

  @Test func scribbledBuffersNameThoseWhoCouldHaveDoneIt() throws {
    let ring = try Ring()
    ring.write(as: 3, (0..<20_000).map { _ in [3, 0x63_6261] })
    // The ring's first page.
    let data = UnsafeMutableRawPointer(ring.set.firstRingData)
    data.initializeMemory(as: UInt8.self, repeating: 0xff, count: 1 << 16)
    let drain = try makeDrain(ring)
    let statistics = drain.stop()
    #expect(statistics.damagedSets.keys.sorted() == [1])
    #expect(statistics.damagedSets[1] == [3])
    #expect(statistics.events + statistics.lostTotal == 20_000)
  }
}
