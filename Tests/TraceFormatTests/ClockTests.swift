import CTraceShims
import TestSupport
import Testing
import TraceEvents

@testable import TraceFormat

@Suite(.randomized) struct ClockTests {
  private func sync(_ ticks: UInt64, _ nanoseconds: UInt64) -> ClockSync {
    ClockSync(ticks: ticks, monotonicNanoseconds: nanoseconds, realtimeNanoseconds: 0)
  }

  private func session(_ start: ClockSync, _ clock: ClockKind = .counter) -> SessionDescription {
    SessionDescription(name: "", clock: clock, ticksPerSecond: 2_000_000_000, start: start)
  }

  @Test func monotonicTicksAreNanoseconds() {
    let map = ClockMap(session: session(sync(1000, 1000), .monotonic), syncs: [sync(5000, 9000)])
    #expect(map.timestamp(ofTicks: 1000) == 0)
    #expect(map.timestamp(ofTicks: 5001) == 4001)
    #expect(map.timestamp(ofTicks: 900) == -100)
  }

  @Test func theNominalRateServesUntilThereAreTwoSyncs() {
    let map = ClockMap(session: session(sync(1000, 50)), syncs: [sync(1000, 50)])
    #expect(map.timestamp(ofTicks: 3000) == 1000)
    #expect(map.timestamp(ofTicks: 0) == -500)
  }

  @Test func timeRunsEvenlyBetweenSyncs() {
    // 2 ticks per nanosecond, then 4, continued after the end.
    let map = ClockMap(
      session: session(sync(1000, 0)), syncs: [sync(3000, 1000), sync(7000, 2000)])
    #expect(map.timestamp(ofTicks: 2000) == 500)
    #expect(map.timestamp(ofTicks: 3000) == 1000)
    #expect(map.timestamp(ofTicks: 5000) == 1500)
    #expect(map.timestamp(ofTicks: 11_000) == 3000)
    #expect(map.timestamp(ofTicks: 0) == -500)
  }

  @Test func timeNeverGoesBack() {
    var rng = SeededGenerator(5)
    var ticks: UInt64 = 0
    var nanoseconds: UInt64 = 0
    let syncs = (0..<50).map { _ in
      ticks += UInt64(1 + rng.below(1_000_000_000))
      nanoseconds += UInt64(1 + rng.below(1_000_000_000))
      return sync(ticks, nanoseconds)
    }
    let map = ClockMap(session: session(syncs[0]), syncs: syncs)
    var last = Int64.min
    for sync in syncs {
      for near in [sync.ticks - 1, sync.ticks, sync.ticks + 1] {
        let time = map.timestamp(ofTicks: near)
        #expect(time >= last)
        last = time
      }
    }
  }

  @Test func senselessSyncsAreLeftOut() {
    let map = ClockMap(
      session: session(sync(1000, 0)),
      syncs: [sync(2000, 0), sync(1000, 900), sync(.max, 1), sync(3000, 1000), sync(3500, 10)])
    #expect(map.timestamp(ofTicks: 2000) == 500)
    #expect(map.timestamp(ofTicks: .max) > 0)
    let extreme = ClockMap(
      session: session(sync(0, 0)), syncs: [sync(1, .max), sync(.max, .max)])
    #expect(extreme.timestamp(ofTicks: .max) > 0)
  }

  @Test func ticksOfATimestampIsTheFirstThatHasIt() {
    let map = ClockMap(session: session(sync(1000, 0)), syncs: [sync(3000, 1000)])
    #expect(map.ticks(ofTimestamp: 500) == 2000)
    #expect(map.ticks(ofTimestamp: -1_000_000) == 0)
    #expect(map.timestamp(ofTicks: map.ticks(ofTimestamp: 777)) == 777)
  }
}

@Suite(.randomized) struct ChecksumTests {
  @Test func theKnownValue() {
    #expect(Array("123456789".utf8).withUnsafeBytes { checksum($0) } == 0xe306_9283)
    #expect(checksum(UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
  }

  @Test func instructionAndTableAgree() {
    var rng = SeededGenerator(9)
    let bytes = (0..<300).map { _ in UInt8(truncatingIfNeeded: rng.next()) }
    bytes.withUnsafeBytes { raw in
      for start in 0..<17 {
        for end in start..<raw.count {
          let part = UnsafeRawBufferPointer(rebasing: raw[start..<end])
          #expect(
            trace_crc32c(7, part.baseAddress, part.count)
              == trace_crc32c_portable(7, part.baseAddress, part.count))
        }
      }
    }
  }
}
