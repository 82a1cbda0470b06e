import Testing

@testable import TraceKernel

/// The order and the times in which records of several rings are delivered.
@Suite struct PerfInboxTests {
  static let parser = PerfRecordParser(fields: .framePointers)

  /// A record with only a time.
  static func record(at nanoseconds: UInt64) -> [UInt64] {
    let header = UInt64(32) << 48 | UInt64(PerfRecordKind.throttle)
    return [header, 7 << 32 | 7, nanoseconds, 0]
  }

  static func receive(
    _ times: [UInt64], ring: Int, now: UInt64, into inbox: inout PerfInbox
  ) {
    inbox.receive(ring: ring, atNanoseconds: now) { room in
      let words = times.flatMap { record(at: $0) }
      words.withUnsafeBytes { room.copyMemory(from: $0) }
      return words.count * 8
    }
  }

  static func deliver(_ inbox: inout PerfInbox, before now: UInt64?) -> [UInt64] {
    var times: [UInt64] = []
    inbox.deliver(before: now) { _, stamp, _ in times.append(stamp.nanoseconds) }
    return times
  }

  @Test func inOrderOfTime() {
    var inbox = PerfInbox(ringCount: 2, ringBytes: 4096, parser: Self.parser)
    Self.receive([10, 30, 50], ring: 0, now: 10_000_000, into: &inbox)
    Self.receive([20, 40, 9_999_000], ring: 1, now: 10_000_000, into: &inbox)
    #expect(Self.deliver(&inbox, before: 10_000_000) == [10, 20, 30, 40, 50])
    #expect(Self.deliver(&inbox, before: nil) == [9_999_000])
  }

  /// Records written after the clock was read keep their times. Records with times in the future
  /// are not delayed forever.
  @Test func recordsMadeSinceTheClockWasRead() {
    var inbox = PerfInbox(ringCount: 1, ringBytes: 4096, parser: Self.parser)
    let now: UInt64 = 10_000_000
    Self.receive([now - 5, now + 30_000, .max], ring: 0, now: now, into: &inbox)
    #expect(Self.deliver(&inbox, before: now).isEmpty)
    #expect(
      Self.deliver(&inbox, before: now + 5_000_000) == [now - 5, now + 30_000, now + 2_000_000])
  }

  /// There is space for any number of records: waiting ones are then delivered early.
  @Test func aFullRingMakesRoom() {
    var inbox = PerfInbox(ringCount: 1, ringBytes: 1024, parser: Self.parser)
    let now: UInt64 = 10_000_000
    var given = 0
    for _ in 0..<100 {
      Self.receive(Array(repeating: now, count: 32), ring: 0, now: now, into: &inbox)
      given += Self.deliver(&inbox, before: now).count
    }
    given += Self.deliver(&inbox, before: nil).count
    #expect(given == 3200)
  }
}
