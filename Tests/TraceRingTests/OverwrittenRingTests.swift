import CTraceShims
import Glibc
import TestSupport
import Testing

@testable import TraceRing

/// Zeroed memory, wrong counters, times in the future: losses are counted, and impossible values
/// are ignored.
@Suite(.serialized, .usesEmitterSlots)
struct OverwrittenRingTests {
  private func fixture(_ mode: BufferMode = .discard) throws -> RingFixture {
    try RingFixture(mode: mode, kind: .lock, ringBytes: 1 << 20, ringCount: 1)
  }

  private func emit(_ count: Int, _ fixture: RingFixture) {
    for i in 0..<count { fixture.write([UInt64(i), 0, 0]) }
  }

  private var dataStart: Int { RingLayout.dataOffset(ringCount: 1) }

  /// The context of the next page, or `tail` in the last one, gives the exact number of events lost
  /// in the hole.
  @Test(arguments: [0, 1, 2, 3]) func aHoleInAPageIsCounted(_ page: Int) throws {
    let fixture = try fixture()
    // Four pages, the last half full.
    emit(7000, fixture)
    fixture.set.punch(at: dataStart + page * RingLayout.pageBytes, count: RingLayout.pageBytes)
    let seen = fixture.read().count
    let notices = fixture.notices()
    #expect(seen < 7000)
    #expect(seen + Int(notices.count(.damaged)) == 7000)
    // Later records are complete, but in the page whose context is lost.
    emit(100, fixture)
    let later = fixture.read().count
    #expect(later == (page == 3 ? 0 : 100))
    #expect(later + Int(fixture.notices().total) == 100)
  }

  /// Everything is zeroed, including the ring's end: events known to have been there are counted as
  /// lost, later ones are read.
  @Test(arguments: [BufferMode.discard, .overwrite]) func aWipedSetIsCounted(
    _ mode: BufferMode
  ) throws {
    let fixture = try fixture(mode)
    emit(5000, fixture)
    #expect(fixture.notices().isEmpty)
    fixture.set.punch(at: 0, count: fixture.set.byteCount)
    emit(3000, fixture)
    var seen = fixture.read().count
    let notices = fixture.notices()
    seen += fixture.read().count
    #expect(seen == 3000)
    #expect(notices.count(.damaged) == 5000)
  }

  /// Repeated holes: never more events than were emitted, and never none.
  @Test func holesWhileAProgramEmits() throws {
    let fixture = try fixture()
    var seen = 0
    var lost: UInt64 = 0
    for _ in 0..<50 {
      emit(500, fixture)
      fixture.set.punch(at: 0, count: fixture.set.byteCount)
      emit(20, fixture)
      lost += fixture.notices().total
      seen += fixture.read().count
      lost += fixture.notices().total
    }
    for reader in fixture.readers { reader.pointee.close() }
    #expect(seen >= 50 * 20)
    #expect(lost >= 49)
    #expect(seen + Int(lost) <= 50 * 520)
  }

  @Test func impossibleCountersAreNotCounted() throws {
    let fixture = try fixture()
    emit(10, fixture)
    #expect(fixture.read().count == 10)
    let control = fixture.set.control(0)
    for value in [1 << 46, .max, 5, 0, 1 << 63] as [UInt64] {
      for cause in RingLoss.allCases { lossCounter(control, cause).pointee = value }
      fixture.set.header.pointee.lost_without_rseq = value
      let notices = fixture.notices()
      #expect(notices.total <= 30, "5 is possible, once for each counter")
      #expect(value == 5 || notices.contains { $0.cause == .implausible })
    }
    // A counter that was wrong continues from its current value.
    lossCounter(control, .tooLarge).pointee &+= 3
    #expect(fixture.notices().filter { $0.count > 0 }.map(\.count) == [3])
  }

  /// A million losses are possible in a minute, but not immediately.
  @Test func lossesTakeTime() {
    var allowance = LossAllowance(fromNanoseconds: 1_000_000_000)
    var meter = LossMeter()
    let million = meter.read(1_000_000, &allowance, atNanoseconds: 61_000_000_000)
    #expect(million == .lost(1_000_000))
    allowance.restart(atNanoseconds: 61_000_000_000)
    #expect(meter.read(2_000_000, &allowance, atNanoseconds: 61_000_000_001) == .implausible)
    #expect(meter.read(2_000_007, &allowance, atNanoseconds: 61_000_000_001) == .lost(7))
    #expect(meter.read(1_999_999, &allowance, atNanoseconds: 90_000_000_000) == .implausible)
    // Several counters share what time allows.
    #expect(allowance.spend(LossAllowance.slack, atNanoseconds: 0) == false)
  }

  /// The count of events before a page is accepted only as far as data was unreadable.
  @Test func aPageThatClaimsEarlierEventsIsNotBelieved() throws {
    let fixture = try fixture()
    emit(5000, fixture)
    fixture.set.data(0)[RingLayout.pageWords + 3] += 1000
    #expect(fixture.read().count == 5000)
    let notices = fixture.notices()
    #expect(notices.total == 0)
    #expect(notices.contains { $0.cause == .implausible })
  }

  /// The events still in a ring whose session has ended, and the number of events before them.
  private func recover(_ fixture: RingFixture) -> (seen: UInt64, before: UInt64?) {
    var reader = RingReader(recovering: fixture.set, ring: 0)
    var seen: UInt64 = 0
    var stepsLeft = 2 * reader.pageCount
    while stepsLeft > 0, reader.hasMore {
      stepsLeft -= 1
      guard reader.advance() else { continue }
      while let _ = reader.next() { seen += 1 }
    }
    return (seen, reader.eventsBeforeStart)
  }

  /// The number of events before a ring's oldest page is limited to those that fit.
  @Test func aRecoveringReaderBoundsWhatIsGone() throws {
    let fixture = try fixture(.overwrite)
    emit(100_000, fixture)
    let whole = recover(fixture)
    let before = try #require(whole.before)
    #expect(before > 0)
    #expect(whole.seen + before == 100_000)
    for page in 0..<fixture.set.parameters.ringBytes / RingLayout.pageBytes {
      fixture.set.data(0)[page * RingLayout.pageWords + 3] = .max
    }
    let lied = recover(fixture)
    #expect(lied.seen == whole.seen)
    let bounded = try #require(lied.before)
    #expect(bounded < 1 << 20)
  }

  @Test func recordsFromTheFutureAreTakenForNow() throws {
    let fixture = try fixture()
    emit(10, fixture)
    let data = fixture.set.data(0)
    // The first record's distance from its base.
    data[RingLayout.pageContextWords] |= 0xffff_ffff
    let seen = fixture.read()
    #expect(seen.count == 10)
    #expect(seen.allSatisfy { $0.ticks <= fixture.set.ticks })
  }

  /// A ring whose end jumps yields at most its capacity, and reading ends.
  @Test(arguments: [0, 100, 8191, 8192, 131_071, 131_072, 1 << 50])
  func anEndThatLeapsIsNotFollowed(_ end: UInt64) throws {
    let fixture = try fixture()
    emit(5000, fixture)
    _ = fixture.read()
    let good = fixture.set.control(0).pointee.tail
    fixture.set.control(0).pointee.tail = end
    _ = fixture.read()
    #expect(fixture.notices().contains { $0.cause == .damaged || $0.cause == .implausible })
    fixture.set.control(0).pointee.tail = good
    _ = fixture.read()
    emit(10, fixture)
    #expect(fixture.read().count >= 0)
  }
}
