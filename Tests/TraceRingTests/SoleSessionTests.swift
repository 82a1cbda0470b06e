import CTraceShims
import Glibc
import TestSupport
import Testing

@testable import TraceRing

private let worksHere = Requirement("restartable sequences") { trace_rseq_self_test() }

/// When the shortest path to an event is open, and where it leads.
@Suite(.serialized, .usesEmitterSlots, .needs(worksHere))
struct SoleSessionTests {
  @Test func thePathIsOpenForOneSessionWithoutStacks() throws {
    let (first, second) = (try RingFixture(kind: .rseq), try RingFixture(kind: .rseq))
    let row = first.row
    trace_set_event_type(row, Self.type)
    func isOpen() -> Bool {
      EmitterSlots.publishSoleSession(of: row)
      #expect(trace_event_type(row) == Self.type)
      return trace_event_sole_type(row) == Self.type
    }
    #expect(isOpen())
    #expect(trace_sole_session_of(row).slot == UnsafePointer(trace_slot_at(UInt32(first.slot))))
    row.setRef(9, of: second.slot)
    #expect(!isOpen())
    row.setRef(0, of: first.slot)
    #expect(isOpen())
    #expect(trace_sole_session_of(row).slot == UnsafePointer(trace_slot_at(UInt32(second.slot))))
    #expect(trace_sole_session_of(row).header >> 32 == 9)
    row.pointee.stack_mask = 1 << UInt8(second.slot)
    #expect(!isOpen())
    // The stack of a session that does not want the event.
    row.pointee.stack_mask = 1 << UInt8(first.slot)
    #expect(isOpen())
    row.setRef(0, of: second.slot)
    #expect(!isOpen())
  }

  @Test func thePathIsClosedForWritersThatLock() throws {
    let fixture = try RingFixture(kind: .lock)
    trace_set_event_type(fixture.row, Self.type)
    EmitterSlots.publishSoleSession(of: fixture.row)
    #expect(trace_event_sole_type(fixture.row) != Self.type)
  }

  /// An emitter and the control thread set different parts of the word.
  @Test func aTypeIsSetOnceAndKeepsThePathsState() {
    let row = SharedRow().pointer
    trace_forget_event_type(row)
    #expect(trace_event_type(row) == 0)
    trace_set_event_type(row, Self.type)
    #expect(trace_event_type(row) == Self.type)
    #expect(trace_event_sole_type(row) != Self.type)
    trace_set_event_type(row, 1)
    #expect(trace_event_type(row) == Self.type)
    trace_forget_event_type(row)
    trace_set_event_type(row, 1)
    #expect(trace_event_type(row) == 1)
  }

  /// An emitter that is interrupted between its two loads has the slot of one session and the
  /// header of another.
  @Test func theSlotOfOneSessionRefusesTheHeaderOfAnother() throws {
    let (first, second) = (try RingFixture(kind: .rseq), try RingFixture(kind: .rseq))
    first.openShortestPath()
    second.openShortestPath()
    onOneCPU {
      first.write([1])
      second.write([1])
      let (one, other) = (trace_sole_session_of(first.row), trace_sole_session_of(second.row))
      var payload: UInt64 = 5
      let header = other.header | 2 << 48
      #expect(
        trace_section_write_short(one.slot, header, one.writer, &payload, 1) == TRACE_SLOW)
      #expect(
        trace_section_write_long(one.slot, header, one.writer, &payload, 1) == TRACE_SLOW)
      #expect(
        trace_section_write_short(other.slot, header, other.writer, &payload, 1)
          == TRACE_WRITTEN)
    }
    let numbers = (0..<UInt32(TRACE_SLOTS)).map {
      UInt32(truncatingIfNeeded: trace_slot_at($0).pointee.generation) >> 28
    }
    #expect(numbers == Array(0..<UInt32(TRACE_SLOTS)))
  }

  /// Emitters go on while sessions end, and others begin in the same slot.
  @Test func noSessionGetsTheEventsOfItsPredecessor() throws {
    let (stop, row) = (Flag(), SharedRow())
    trace_forget_event_type(row.pointer)
    trace_set_event_type(row.pointer, Self.type)
    let threads = (0..<4).map { _ in
      Thread {
        while !stop.isSet {
          guard trace_event_sole_type(row.pointer) == Self.type else { continue }
          let session = trace_sole_session_of(row.pointer)
          var payload: UInt64 = 42
          let header = session.header | 2 << 48
          let outcome = trace_section_write_short(
            session.slot, header, session.writer, &payload, 1)
          if outcome == TRACE_WRITTEN { continue }
          let mask = trace_event_wanted(row.pointer)
          if mask != 0 {
            RingWriter.write(row: row.pointer, mask: mask, payload: &payload, words: 1)
          }
        }
      }
    }
    var events = 0
    for round in 1...UInt16(Rounds.count(300)) {
      let fixture = try RingFixture(mode: .overwrite, kind: .rseq)
      row.pointer.setRef(round, of: fixture.slot)
      EmitterSlots.publishSoleSession(of: row.pointer)
      sched_yield()
      row.pointer.setRef(0, of: fixture.slot)
      EmitterSlots.publishSoleSession(of: row.pointer)
      for reader in fixture.readers where reader.pointee.advance() {
        while let record = reader.pointee.next() {
          events += 1
          #expect(record.ref == round)
        }
      }
    }
    stop.set()
    for thread in threads { thread.join() }
    #expect(events > 0)
  }

  /// Stands for the address of a Swift type.
  private static var type: UInt { 0x1000 }
}

extension UnsafeMutablePointer<trace_event_row> {
  func setRef(_ ref: UInt16, of slot: Int) {
    withUnsafeMutablePointer(to: &pointee.refs) {
      $0.withMemoryRebound(to: UInt16.self, capacity: 8) { trace_store_u16($0 + slot, ref) }
    }
  }
}
