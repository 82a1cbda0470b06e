import CTraceShims
import Testing
import TraceFormat

@testable import TraceSession

/// Determining the clock of a jitdump's times.
@Suite struct JitdumpClockTests {
  static let second: UInt64 = 1_000_000_000
  /// The start of the process.
  let floor: UInt64 = 100 * second
  let counter = CounterClock(
    first: ClockSync(ticks: 0, monotonicNanoseconds: 0, realtimeNanoseconds: 0), rate: 3)

  private func batch(
    _ times: [UInt64], written: UInt64, isLast: Bool = false
  ) -> JitdumpClock.Batch {
    JitdumpClock.Batch(
      times: times, latest: times.max() ?? 0, written: written, now: written + 1_000_000,
      isLast: isLast)
  }

  private func clock(namespaceOffset: Int64 = 0) -> JitdumpClock {
    JitdumpClock(floor: floor, namespaceOffset: namespaceOffset)
  }

  private func at(_ seconds: Double) -> UInt64 { UInt64(seconds * 1e9) }

  @Test func theDeclaredClockIsBelievedAtOnce() {
    var clock = clock()
    let times = batch([at(101), at(101.5)], written: at(101.51))
    #expect(clock.judge(times, isCounter: false, counter) == .believe)
    #expect(clock.nanoseconds(at(101), counter) == at(101))
    #expect(clock.note == nil && clock.doubt == 0)
    var counted = self.clock()
    let ticks = batch([at(303)], written: at(101.01))
    #expect(counted.judge(ticks, isCounter: true, counter) == .believe)
    #expect(counted.nanoseconds(at(303), counter) == at(101))
    #expect(counted.note == nil)
  }

  @Test func aFlagThatIsWrongIsSeen() {
    var clock = clock()
    #expect(
      clock.judge(batch([at(101)], written: at(101.01)), isCounter: true, counter) == .believe)
    #expect(clock.nanoseconds(at(101), counter) == at(101))
    #expect(clock.note?.contains("CLOCK_MONOTONIC") == true)
    var other = self.clock()
    #expect(
      other.judge(batch([at(303)], written: at(101.01)), isCounter: false, counter) == .believe)
    #expect(other.nanoseconds(at(306), counter) == at(102))
  }

  @Test func otherClocksAreKnown() {
    let now = trace_monotonic_ns()
    var clock = JitdumpClock(floor: now - 10 * Self.second)
    let time = trace_realtime_ns() - Self.second
    #expect(
      clock.judge(batch([time], written: now), isCounter: false, counter) == .believe)
    let found = clock.nanoseconds(time, counter)!
    #expect(found.distance(to: now - Self.second).magnitude < 50_000_000)
    #expect(clock.note?.contains("CLOCK_REALTIME") == true)
  }

  @Test(arguments: [-90.0, 500.0]) func aConstantDistanceIsAdded(seconds: Double) {
    var clock = clock()
    let first = batch([at(101 + seconds)], written: at(101.01))
    #expect(clock.judge(first, isCounter: false, counter) == .wait)
    let both = batch([at(101 + seconds), at(102 + seconds)], written: at(102.02))
    #expect(clock.judge(both, isCounter: false, counter) == .believe)
    let found = clock.nanoseconds(at(102 + seconds), counter)!
    #expect(found >= at(102) && found - clock.doubt <= at(102))
    #expect(clock.note?.contains(seconds < 0 ? "behind" : "ahead of") == true)
    // It continues consistently.
    let third = batch([at(103 + seconds)], written: at(103.01))
    #expect(clock.judge(third, isCounter: false, counter) == .believe)
  }

  /// A process that is old enough for lagging times to be possible.
  @Test func aDistanceThatIsPossibleIsSeenByItsConstancy() {
    var clock = clock()
    for step in 0..<2 {
      let times = (0...step).map { at(150 + Double($0)) }
      let judged = batch(times, written: at(150.41 + Double(step)))
      #expect(clock.judge(judged, isCounter: false, counter) == .wait)
    }
    let three = batch([at(150), at(151), at(152)], written: at(152.4))
    #expect(clock.judge(three, isCounter: false, counter) == .believe)
    #expect(clock.nanoseconds(at(152), counter) == at(152.4))
  }

  /// A writer that buffers its data has a correct clock.
  @Test func aWriterThatKeepsBackIsBelieved() {
    var clock = clock()
    let late = batch([at(101), at(102)], written: at(105))
    #expect(clock.judge(late, isCounter: false, counter) == .wait)
    let last = batch([at(101), at(102)], written: at(105), isLast: true)
    #expect(clock.judge(last, isCounter: false, counter) == .believe)
    #expect(clock.nanoseconds(at(101), counter) == at(101) && clock.note == nil)
    var other = self.clock()
    #expect(other.judge(late, isCounter: false, counter) == .wait)
    let soon = batch([at(101), at(102), at(106)], written: at(106.01))
    #expect(other.judge(soon, isCounter: false, counter) == .believe)
    #expect(other.nanoseconds(at(101), counter) == at(101))
  }

  @Test func whatNoClockExplainsIsRefused() {
    var zero = clock()
    #expect(zero.judge(batch([0, 0], written: at(101)), isCounter: false, counter) == .refuse)
    var still = clock()
    #expect(still.judge(batch([5], written: at(101)), isCounter: false, counter) == .wait)
    #expect(still.judge(batch([5, 5], written: at(102)), isCounter: false, counter) == .refuse)
    // Microseconds.
    var slow = clock()
    let first = batch([at(0.101)], written: at(101.01))
    #expect(slow.judge(first, isCounter: false, counter) == .wait)
    let second = batch([at(0.101), at(0.102)], written: at(102.01))
    #expect(slow.judge(second, isCounter: false, counter) == .refuse)
  }

  @Test func aTimeNamespaceIsKnownByItsOffset() {
    var clock = clock(namespaceOffset: Int64(7 * Self.second))
    let times = batch([at(108)], written: at(101.01))
    #expect(clock.judge(times, isCounter: false, counter) == .believe)
    #expect(clock.nanoseconds(at(108), counter) == at(101))
    #expect(
      ProcessPlace.parse(offsets: "monotonic           7         5\nboottime 1 0\n")
        == 7_000_000_005)
  }

  @Test func oneWrongTimeIsOne() {
    var clock = clock()
    let times = (1...20).map { at(101 + Double($0) / 100) } + [3]
    #expect(clock.judge(batch(times, written: at(101.21)), isCounter: false, counter) == .believe)
    #expect(clock.nanoseconds(at(101.1), counter) == at(101.1))
  }
}

extension CounterClock {
  /// Creates a clock with `rate` ticks per nanosecond.
  fileprivate init(first: ClockSync, rate: UInt64) {
    self.init(first)
    look(
      ClockSync(
        ticks: first.ticks + 1000 * rate * 1_000_000_000,
        monotonicNanoseconds: first.monotonicNanoseconds + 1000 * 1_000_000_000,
        realtimeNanoseconds: 0))
  }
}
