import CTraceShims
import Glibc
import TestSupport
import Testing

@testable import TraceRing

private let worksHere = Requirement("restartable sequences") { trace_rseq_self_test() }

/// The sections that take a payload from registers, and the one that takes it from memory. A debug
/// build's emitters use only the latter, so these tests call them by name.
@Suite(.serialized, .usesEmitterSlots, .needs(worksHere))
struct ShortRecordTests {
  @Test func recordsComeBackAsWritten() throws {
    let fixture = try RingFixture(kind: .rseq, ringBytes: 1 << 22)
    fixture.openShortestPath()
    var quick = 0
    for value in 0..<20_000 as Range<UInt64> {
      let words = (0..<(value % 6)).map { value << 32 | $0 }
      let outcome = fixture.section(words, isShort: true)
      if outcome == TRACE_WRITTEN { quick += 1 } else { fixture.write(words) }
    }
    let seen = fixture.read().sorted { $0.ticks < $1.ticks }
    #expect(seen.count == 20_000)
    for (value, record) in seen.enumerated() {
      #expect(record.words == (0..<(UInt64(value) % 6)).map { UInt64(value) << 32 | $0 })
    }
    // The rest needed a page or a context.
    #expect(quick > 15_000)
    #expect(fixture.notices().isEmpty)
  }

  /// The states of RingLayout's table: a record is written exactly if the page has room for all of
  /// it. On a page's border, no word is left.
  @Test(arguments: [true, false])
  func aRecordIsWrittenOnlyIfItFitsIntoThePage(isShort: Bool) throws {
    let fixture = try RingFixture(mode: .overwrite, kind: .rseq)
    fixture.openShortestPath()
    onOneCPU {
      for length in 0...Int(TRACE_SHORT_WORDS) {
        for left in 0...8 {
          fixture.fill(leaving: left)
          let words = (0..<length).map { UInt64(1000 * left + $0) }
          let before = fixture.ring.pointee.tail
          let outcome = fixture.section(words, isShort: isShort)
          let fits = left >= length + 1
          #expect(outcome == (fits ? TRACE_WRITTEN : TRACE_SLOW), "\(length) words, \(left) left")
          let added: UInt64 = fits ? 1 << RingLayout.eventCountShift + UInt64(length + 1) : 0
          #expect(fixture.ring.pointee.tail == before + added)
          guard fits else { continue }
          let record = fixture.words(at: before, count: length + 1)
          #expect(record[0] >> 32 == UInt64(RingFixture.ref) | UInt64(length + 1) << 16)
          #expect(Array(record.dropFirst()) == words)
        }
      }
    }
  }

  @Test(arguments: [true, false])
  func nothingIsWrittenForAnotherGenerationOrWriter(isShort: Bool) throws {
    let fixture = try RingFixture(kind: .rseq)
    fixture.openShortestPath()
    onOneCPU {
      fixture.write([1])
      let before = fixture.ring.pointee.tail
      #expect(fixture.section([2], isShort: isShort, generation: 2) == TRACE_SLOW)
      #expect(fixture.section([2], isShort: isShort, generation: -1) == TRACE_SLOW)
      #expect(fixture.section([2], isShort: isShort, writer: 1) == TRACE_SLOW)
      #expect(fixture.section([2], isShort: isShort, writer: 1 << 32) == TRACE_SLOW)
      #expect(fixture.ring.pointee.tail == before)
      #expect(fixture.section([2], isShort: isShort) == TRACE_WRITTEN)
    }
  }

  /// Ticks are written as 32 bits after the base, so a base that is later, or too early, needs a
  /// new context.
  @Test(arguments: [true, false])
  func nothingIsWrittenIfTheTicksDoNotFit(isShort: Bool) throws {
    let fixture = try RingFixture(kind: .rseq)
    fixture.openShortestPath()
    onOneCPU {
      fixture.write([1])
      func outcome(base: UInt64) -> trace_section {
        fixture.ring.pointee.base_ticks = base
        return fixture.section([2], isShort: isShort)
      }
      let far: UInt64 = 1 << 32
      #expect(outcome(base: trace_ticks()) == TRACE_WRITTEN)
      #expect(outcome(base: trace_ticks() &- far / 8) == TRACE_WRITTEN)
      #expect(outcome(base: trace_ticks() &- far) == TRACE_SLOW)
      #expect(outcome(base: trace_ticks() &- 5 &* far) == TRACE_SLOW)
      #expect(outcome(base: trace_ticks() &+ far / 8 &* 7) == TRACE_SLOW)
      #expect(outcome(base: trace_ticks() &+ far) == TRACE_SLOW)
      #expect(outcome(base: trace_ticks() &+ 5 &* far) == TRACE_SLOW)
      // A borrow from the lower half of the difference reaches the upper half.
      #expect(outcome(base: trace_ticks() | (far - 1)) == TRACE_SLOW)
      #expect(outcome(base: (trace_ticks() & ~(far - 1)) &- 1) == TRACE_WRITTEN)
    }
  }

  @Test func recordsThatAreTooLongAreNotWritten() throws {
    let fixture = try RingFixture(kind: .rseq)
    fixture.openShortestPath()
    onOneCPU {
      fixture.write([1])
      let words = [UInt64](repeating: 1, count: 2 * RingLayout.pageWords)
      for count in [RingLayout.pageWords, 2 * RingLayout.pageWords] {
        #expect(fixture.section(Array(words[..<count]), isShort: false) == TRACE_SLOW)
      }
    }
  }
}

extension RingFixture {
  func openShortestPath() { EmitterSlots.publishSoleSession(of: row) }

  /// Executes a section as an emitter of the row's event would, until the kernel does not restart
  /// it. `generation` and `writer` are added to the right ones.
  func section(
    _ words: [UInt64], isShort: Bool, generation: Int64 = 0, writer: UInt64 = 0
  ) -> trace_section {
    let session = trace_sole_session_of(row)
    let count = UInt64(words.count)
    let header = UInt64(bitPattern: Int64(bitPattern: session.header) &+ generation)
    return (words + [0, 0, 0, 0, 0]).withUnsafeBufferPointer {
      let (payload, writer) = ($0.baseAddress!, session.writer &+ writer)
      let full = header | (count + 1) << 48
      while true {
        let outcome =
          isShort
          ? trace_section_write_short(session.slot, full, writer, payload, count)
          : trace_section_write_long(session.slot, full, writer, payload, count)
        if outcome != TRACE_ABORTED { return outcome }
      }
    }
  }

  /// The control lines of the current CPU's ring.
  var ring: UnsafeMutablePointer<trace_ring_control> {
    self.set.control(Int(trace_rseq_cpu()))
  }

  /// Writes records until exactly `left` words are left in a page of the current CPU's ring.
  func fill(leaving left: Int) {
    write([])
    var room = wordsLeft
    if room < left + 2 {
      write([UInt64](repeating: 0, count: room))
      room = wordsLeft
    }
    write([UInt64](repeating: 0, count: room - left - 1))
    #expect(wordsLeft == left)
  }

  private var wordsLeft: Int { Int((0 &- ring.pointee.tail) & UInt64(RingLayout.pageWords - 1)) }

  /// Words of the current CPU's ring.
  func words(at tail: UInt64, count: Int) -> [UInt64] {
    let position = tail & RingLayout.positionMask & UInt64(set.parameters.ringBytes / 8 - 1)
    let start = set.data(Int(trace_rseq_cpu())) + Int(position)
    return Array(UnsafeBufferPointer(start: start, count: count))
  }
}

/// Runs `body` while this thread stays on one CPU. Glibc's module lacks the two calls.
func onOneCPU(_ body: () -> Void) {
  typealias Call = @convention(c) (Int32, Int, UnsafeMutableRawPointer) -> Int32
  let get = unsafeBitCast(dlsym(nil, "sched_getaffinity"), to: Call.self)
  let set = unsafeBitCast(dlsym(nil, "sched_setaffinity"), to: Call.self)
  var allowed = [UInt8](repeating: 0, count: 1024)
  #expect(get(0, allowed.count, &allowed) == 0)
  guard let first = allowed.firstIndex(where: { $0 != 0 }) else { return }
  var one = [UInt8](repeating: 0, count: allowed.count)
  one[first] = allowed[first] & (~allowed[first] &+ 1)
  #expect(set(0, one.count, &one) == 0)
  defer { _ = set(0, allowed.count, &allowed) }
  body()
}
