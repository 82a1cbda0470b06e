import CTraceShims
import Glibc

/// Lets other threads run on the reader's CPU between portions of a round's records.
///
/// It takes some milliseconds to translate a round's records, and a recorded thread that is woken
/// on the reader's CPU would wait for it: on two CPUs, a program that switches 20,000 times a
/// second took a third longer for each round trip.
///
/// - Guarantee: on a busy machine, the reader is not held up: once others have run for
///   ``limit_ns`` of a round, it gives way no more, and not at all in a hurried round.
/// - Cost: a system call for each ``portion`` records.
struct ReaderTurns {
  static let portion = 64
  static let limit_ns: UInt64 = 20_000_000

  private var records = 0
  private var waited_ns: UInt64

  /// - Parameter isHurried: whether a ring is filling up, so that others have to wait.
  init(isHurried: Bool) { waited_ns = isHurried ? Self.limit_ns : 0 }

  /// Counts a record. After a portion, lets others run.
  mutating func next() {
    next(yield: { sched_yield() }, clock: trace_monotonic_ns)
  }

  mutating func next(yield: () -> Int32, clock: () -> UInt64) {
    records += 1
    guard records.isMultiple(of: Self.portion), waited_ns < Self.limit_ns else { return }
    let before = clock()
    _ = yield()
    waited_ns = waited_ns.addingClamped(clock() &- before)
  }
}
