import CTraceShims
import Glibc
import TestSupport
import Testing

@testable import TraceRing

/// The kinds that work in this process: rseq writers only if rseq is enabled.
let writerKinds: [WriterKind] = trace_rseq_self_test() ? [.rseq, .lock] : [.lock]

@Suite(.serialized, .usesEmitterSlots)
struct RingTests {
  @Test(arguments: writerKinds)
  func recordsComeBackAsWritten(_ kind: WriterKind) throws {
    let fixture = try RingFixture(kind: kind)
    for value in 0..<1000 as Range<UInt64> {
      fixture.write((0..<(value % 20)).map { value << 32 | $0 })
    }
    let seen = fixture.read().sorted { $0.ticks < $1.ticks }
    #expect(seen.count == 1000)
    for (value, record) in seen.enumerated() {
      #expect(record.words == (0..<(UInt64(value) % 20)).map { UInt64(value) << 32 | $0 })
      #expect(record.tid == trace_thread_id())
    }
    #expect(fixture.notices().isEmpty)
  }

  @Test(arguments: writerKinds)
  func ticksAscendInEachRing(_ kind: WriterKind) throws {
    let fixture = try RingFixture(kind: kind, ringBytes: 1 << 20)
    onThreads(4) { [fixture] _ in for i in 0..<5_000 { fixture.write([UInt64(i)]) } }
    let seen = fixture.read()
    #expect(seen.count == 20_000)
    for ring in Set(seen.map(\.ring)) {
      let ticks = seen.filter { $0.ring == ring }.map(\.ticks)
      #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0 <= $1 })
    }
  }

  @Test(arguments: writerKinds)
  func fullRingLosesTheNewestAndCountsThem(_ kind: WriterKind) throws {
    let fixture = try RingFixture(kind: kind, ringCount: kind == .lock ? 1 : 0)
    let emitted = 100_000
    for i in 0..<emitted { fixture.write([UInt64(i)]) }
    let seen = fixture.read()
    let lost = fixture.notices()
    #expect(lost.count(.lost(.bufferFull)) > 0)
    #expect(seen.count + Int(lost.total) == emitted)
    // After the drain there is space again, and the loss is reported once.
    fixture.write([1])
    #expect(fixture.read().count == 1)
    #expect(fixture.notices().isEmpty)
  }

  @Test(arguments: writerKinds)
  func overwriteKeepsTheNewestAndCountsTheRest(_ kind: WriterKind) throws {
    let fixture = try RingFixture(
      mode: .overwrite, kind: kind, ringBytes: 4 * RingLayout.ringBytesMin,
      ringCount: kind == .lock ? 1 : 0)
    let emitted = 200_000
    for i in 0..<emitted { fixture.write([UInt64(i)]) }
    let seen = fixture.read().sorted { $0.ticks < $1.ticks }.map { Int($0.words[0]) }
    let lost = fixture.notices()
    #expect(seen.last == emitted - 1)
    #expect(lost.count(.overwritten) > 0)
    #expect(seen.count + Int(lost.total) == emitted)
  }

  @Test(arguments: writerKinds)
  func blockWaitsForTheReader(_ kind: WriterKind) throws {
    let fixture = try RingFixture(mode: .block, kind: kind)
    let emitted = 200_000
    let writer = Thread { [fixture] in for i in 0..<emitted { fixture.write([UInt64(i)]) } }
    var seen = 0
    while seen < emitted { seen += fixture.read().count }
    writer.join()
    #expect(seen == emitted)
    #expect(fixture.notices().isEmpty)
  }

  @Test(arguments: writerKinds)
  func blockGivesUpAfterItsLimit(_ kind: WriterKind) throws {
    let fixture = try RingFixture(
      mode: .block, kind: kind, ringCount: kind == .lock ? 1 : 0,
      blockTimeoutNanoseconds: 20_000_000)
    let emitted = 40_000
    for i in 0..<emitted where i % 2 == 0 || i < 20_000 { fixture.write([UInt64(i), 0, 0, 0]) }
    // The first wait takes the whole limit; later ones take no time until the ring advances.
    let seen = fixture.read().count
    let lost = fixture.notices()
    #expect(lost.count(.lost(.blockTimeout)) > 0)
    #expect(seen + Int(lost.total) == 30_000)
  }

  @Test(arguments: writerKinds)
  func largestRecordFitsAndALargerOneIsCounted(_ kind: WriterKind) throws {
    let fixture = try RingFixture(kind: kind)
    let largest = [UInt64](repeating: 0xabcd, count: RingLayout.recordWordsMax - 1)
    fixture.write(largest)
    fixture.write(largest + [1])
    fixture.write([1])
    #expect(fixture.read().map(\.words.count).sorted() == [1, largest.count])
    #expect(fixture.notices().count(.lost(.tooLarge)) == 1)
  }

  @Test(arguments: writerKinds)
  func signalHandlersEmitWhileTheInterruptedCodeEmits(_ kind: WriterKind) throws {
    let fixture = try RingFixture(mode: .discard, kind: kind, ringBytes: 1 << 24)
    SignalEmitter.start(fixture)
    let emitted = 300_000
    for i in 0..<emitted { fixture.write([UInt64(i)]) }
    let fromHandler = SignalEmitter.stop()
    let seen = fixture.read()
    let lost = fixture.notices()
    #expect(fromHandler > 0)
    #expect(seen.count + Int(lost.total) == emitted + fromHandler)
    let mine = seen.filter { $0.words.count == 1 }.sorted { $0.ticks < $1.ticks }
    #expect(mine.map { $0.words[0] } == (0..<UInt64(emitted)).map { $0 })
  }

  @Test(.needs(.kernelSignalHandlers), arguments: writerKinds)
  func signalHandlersNeverWaitForRoom(_ kind: WriterKind) throws {
    let fixture = try RingFixture(
      mode: .block, kind: kind, ringCount: kind == .lock ? 1 : 0,
      blockTimeoutNanoseconds: 60_000_000_000)
    // Each handler writes a whole page, and there is no reader.
    SignalEmitter.start(fixture, words: RingLayout.recordWordsMax - 1)
    let begin = trace_monotonic_ns()
    while SignalEmitter.count < 40, trace_monotonic_ns() - begin < 10_000_000_000 {}
    let fromHandler = SignalEmitter.stop()
    #expect(fromHandler >= 40)
    let seen = fixture.read().count
    let lost = fixture.notices()
    #expect(lost.count(.lost(.signal)) > 0)
    #expect(seen + Int(lost.total) == fromHandler)
  }

  @Test(arguments: writerKinds)
  func thousandsOfShortThreads(_ kind: WriterKind) throws {
    let fixture = try RingFixture(kind: kind, ringBytes: 1 << 22)
    for round in 0..<100 {
      onThreads(20) { [fixture] index in fixture.write([UInt64(round * 20 + index)]) }
    }
    let seen = fixture.read()
    #expect(Set(seen.map { $0.words[0] }).count == 2000)
    #expect(Set(seen.map(\.tid)).count > 1000)
  }

  @Test(arguments: writerKinds)
  func detachLeavesNoEmitterInTheMapping(_ kind: WriterKind) throws {
    let stop = Flag()
    let row = SharedRow()
    let threads = (0..<4).map { _ in
      Thread {
        while !stop.isSet {
          let mask = trace_load_u8(&row.pointer.pointee.mask)
          if mask != 0 {
            withUnsafePointer(to: UInt64(42)) {
              RingWriter.write(row: row.pointer, mask: mask, payload: $0, words: 1)
            }
          }
        }
      }
    }
    for _ in 0..<Rounds.count(500) {
      let fixture = try RingFixture(mode: .overwrite, kind: kind)
      row.copy(from: fixture.row)
      sched_yield()
      row.clear()
    }
    stop.set()
    for thread in threads { thread.join() }
  }
}
