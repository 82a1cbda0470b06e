import CTraceShims
import TestSupport
import Testing
import TraceEvents

@testable import TraceProvider
@testable import TraceRing

/// Events that one session wants take the shortest path; it opens and closes while they are
/// emitted.
@Suite(.serialized, .usesEmitterSlots)
struct SoleSessionEventTests {
  private func pingRow() -> UnsafeMutablePointer<trace_event_row> {
    Fixture.registered.rows + Int(Ping.eventID)
  }

  private func isOpen() -> Bool { EventWriter.isSole(Ping.self, pingRow()) }

  private func emit(_ sequence: UInt64) { Fixture.provider.emit(Ping(sequence: sequence)) }

  private func sequences(_ session: AttachedSession) -> [UInt64] {
    session.read().compactMap(\.words.first)
  }

  @Test func eachSessionGetsTheEventsOfItsTime() throws {
    let first = try AttachedSession(processSlot: 1)
    first.enable(.ping(20))
    emit(1)
    #expect(isOpen() == rseqIsUsable)
    emit(2)
    let second = try AttachedSession(processSlot: 2)
    second.enable(.ping(30))
    #expect(!isOpen())
    emit(3)
    first.enable(.ping(20, on: false))
    #expect(isOpen() == rseqIsUsable)
    emit(4)
    second.enable(.ping(30, on: false))
    #expect(!isOpen())
    emit(5)
    #expect(sequences(first) == [1, 2, 3])
    #expect(sequences(second) == [3, 4])
  }

  @Test func aSessionGetsItsOwnNumberAfterAnotherHasEnded() throws {
    for round in 1...3 as ClosedRange<UInt16> {
      let session = try AttachedSession(processSlot: UInt32(round))
      session.enable(.ping(100 + round))
      #expect(isOpen() == rseqIsUsable || round == 1)
      emit(1)
      emit(2)
      // The same session under another number.
      session.enable(.ping(200 + round))
      emit(3)
      #expect(session.read().map(\.ref) == [100 + round, 100 + round, 200 + round])
    }
    #expect(!isOpen())
  }

  @Test func stacksCloseThePath() throws {
    let session = try AttachedSession()
    session.enable(.ping())
    emit(1)
    session.enable(.ping(stack: true))
    #expect(!isOpen())
    emit(2)
    session.enable(.ping())
    #expect(isOpen() == rseqIsUsable)
    emit(3)
    #expect(session.read().map(\.hasStack) == [false, true, false])
  }

  @Test func eventsOfEveryLengthArrive() throws {
    let session = try AttachedSession()
    session.enable(.ping(10), .pong(11))
    // Around the 256 bytes that are encoded on the stack.
    let lengths = [0, 1, 8, 9, 231, 239, 240, 241, 300, 20_000]
    for length in lengths {
      Fixture.provider.emit(Ping(sequence: 7, text: String(repeating: "x", count: length)))
      Fixture.provider.emit(Pong())
    }
    let records = session.read()
    #expect(records.filter { $0.ref == 10 }.map { Int($0.words[1]) } == lengths)
    #expect(records.filter { $0.ref == 10 }.map(\.words.count) == lengths.map { 2 + ($0 + 7) / 8 })
    #expect(records.filter { $0.ref == 11 }.map(\.words.count) == lengths.map { _ in 0 })
    #expect(session.lost() == 0)
  }
}
