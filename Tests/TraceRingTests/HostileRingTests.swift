import CTraceShims
import Glibc
import TestSupport
import Testing

@testable import TraceRing

/// The effects of a process that overwrites the shared memory, on the session and on other
/// processes.
@Suite(.randomized, .serialized, .usesEmitterSlots)
struct HostileRingTests {
  /// Damaged data: records before it are read, the rest is counted, and reading continues at the
  /// next page.
  @Test(arguments: writerKinds)
  func damagedDataCostsAPageAtMost(_ kind: WriterKind) throws {
    let fixture = try RingFixture(
      kind: kind, ringBytes: 16 * RingLayout.ringBytesMin, ringCount: kind == .lock ? 1 : 0)
    let emitted = 20_000
    for i in 0..<emitted { fixture.write([UInt64(i), 0, 0]) }
    let ring = try #require(
      (0..<fixture.set.parameters.ringCount).first { positionIn(fixture, $0) > 20_000 })
    // A record in the second page now claims to reach beyond it.
    fixture.set.data(ring)[RingLayout.pageWords + 1000 * 4 + 12] = 0x1fff << 48 | 7 << 32
    let seen = fixture.read().count
    let lost = fixture.notices()
    #expect(lost.count(.damaged) > 0)
    #expect(lost.count(.damaged) < UInt64(RingLayout.pageWords / 4))
    #expect(seen + Int(lost.total) == emitted)
  }

  private func positionIn(_ fixture: RingFixture, _ ring: Int) -> UInt64 {
    fixture.set.control(ring).pointee.tail & RingLayout.positionMask
  }

  /// Random data anywhere: the reader terminates, stays in bounds (checked by the sanitizer run)
  /// and continues afterwards.
  @Test(arguments: 0..<200 as Range<UInt64>)
  func anyScribbleEnds(_ seed: UInt64) throws {
    var random = SeededGenerator(seed)
    let kind = writerKinds[Int(seed) % writerKinds.count]
    let mode = BufferMode.allCases[Int(seed) % 3]
    let fixture = try RingFixture(mode: mode, kind: kind, blockTimeoutNanoseconds: 1_000_000)
    for _ in 0..<20 {
      for i in 0..<random.next() % 500 { fixture.write([UInt64](repeating: i, count: Int(i % 9))) }
      for _ in 0..<random.next() % 4 { scribble(fixture, &random) }
      var records = 0
      for reader in fixture.readers {
        // A tail that jumps ahead is accepted for at most a ring's length.
        for _ in 0..<64 where reader.pointee.hasMore && reader.pointee.advance() {
          while let record = reader.pointee.next() {
            records += 1
            #expect(record.payloadWords < RingLayout.pageWords)
          }
        }
      }
      #expect(records < 1_000_000)
      _ = fixture.notices()
    }
  }

  private func scribble(_ fixture: RingFixture, _ random: inout SeededGenerator) {
    let ring = Int(random.next() % UInt64(fixture.set.parameters.ringCount))
    let control = UnsafeMutableRawPointer(fixture.set.control(ring))
      .assumingMemoryBound(to: UInt64.self)
    let values: [UInt64] = [0, 1, .max, random.next(), random.next() % 100_000, 1 << 51]
    let value = values[Int(random.next() % UInt64(values.count))]
    if random.next() % 2 == 0 {
      // tail, writer, base, losses; the lock too; the consumer's head.
      let word = [0, 1, 2, 3, 4, 5, 6, 7, 16][Int(random.next() % 9)]
      control[word] = value
    } else {
      let words = UInt64(fixture.set.parameters.ringBytes / 8)
      fixture.set.data(ring)[Int(random.next() % words)] = value
    }
  }

  /// A memfd that is not a set, is not sealed, or states a wrong size is refused.
  @Test func onlyRealSetsAreAttached() throws {
    let parameters = BufferSetParameters(
      ringCount: 2, ringBytes: RingLayout.ringBytesMin, mode: .discard, writerKind: .lock)
    let set = try BufferSet.create(parameters)
    #expect(try BufferSet.attach(descriptor: set.descriptor).parameters == parameters)
    #expect(throws: BufferSetError.self) { try BufferSet.attach(descriptor: -1) }
    #expect(throws: BufferSetError.notABufferSet) { try BufferSet.attach(descriptor: 0) }
    let unsealed = trace_memfd("test")
    defer { close(unsealed) }
    ftruncate(unsealed, 1 << 20)
    #expect(throws: BufferSetError.notABufferSet) { try BufferSet.attach(descriptor: unsealed) }
    for change in [
      { $0.magic = 1 }, { $0.abi = 99 }, { $0.ring_count = 3 }, { $0.ring_count = .max },
      { $0.ring_bytes = 3 << 17 }, { $0.ring_bytes = .max }, { $0.mode = 7 },
      { $0.writer_kind = 9 }, { $0.first_stream = .max },
    ] as [(inout trace_set_header) -> Void] {
      let bad = try BufferSet.create(parameters)
      change(&bad.header.pointee)
      #expect(throws: BufferSetError.notABufferSet) {
        try BufferSet.attach(descriptor: bad.descriptor)
      }
    }
  }

  @Test func parametersOutOfRangeAreRefused() {
    for (count, bytes) in [(0, 1 << 17), (5000, 1 << 17), (1, 1 << 16), (1, 3 << 17), (1, 1 << 31)]
    {
      #expect(throws: BufferSetError.invalidParameters) {
        try BufferSet.create(
          BufferSetParameters(ringCount: count, ringBytes: bytes, mode: .discard, writerKind: .lock)
        )
      }
    }
  }
}
