import CTraceShims

/// How many losses the counters of one ring may show by now.
///
/// An emitter that loses an event needs more than ``nanosecondsPerLoss`` to count it. A counter
/// that grew faster than that was not written by an emitter.
struct LossAllowance {
  /// Half of what the shortest path that loses an event takes: some 15 ns at 4 GHz.
  static let nanosecondsPerLoss: UInt64 = 5
  /// Counters and clock are not read at the same moment.
  static let slack: UInt64 = 4096

  private var start: UInt64
  private var spent: UInt64 = 0

  init(fromNanoseconds start: UInt64) { self.start = start }

  /// Takes `count` losses from what is possible by `now`. False: they are not possible.
  mutating func spend(_ count: UInt64, atNanoseconds now: UInt64) -> Bool {
    let elapsed = now > start ? now - start : 0
    let possible = elapsed / Self.nanosecondsPerLoss + Self.slack
    guard possible > spent, count <= possible - spent else { return false }
    spent += count
    return true
  }

  /// Called after all counters were read: later losses happen after `now`.
  mutating func restart(atNanoseconds now: UInt64) {
    start = max(start, now)
    spent = 0
  }
}

/// A loss counter in shared memory, as its reader knows it.
struct LossMeter {
  enum Reading: Equatable {
    case lost(UInt64)
    /// The counter went back, or grew faster than events can be lost. What it says is not counted.
    case implausible
  }

  /// Losses up to this total are counted.
  private var counted: UInt64 = 0

  /// Takes what the counter says now.
  mutating func read(
    _ total: UInt64, _ allowance: inout LossAllowance, atNanoseconds now: UInt64
  ) -> Reading {
    let before = counted
    counted = total
    guard total >= before, allowance.spend(total - before, atNanoseconds: now) else {
      return .implausible
    }
    return .lost(total - before)
  }

  /// Takes what a page context says of the time when its page began; `total` is what the counter
  /// says now. A value that cannot be is left to ``read(_:_:atNanoseconds:)``.
  mutating func readEarlier(
    _ value: UInt64, total: UInt64, _ allowance: inout LossAllowance, atNanoseconds now: UInt64
  ) -> UInt64 {
    guard value > counted, value <= total, allowance.spend(value - counted, atNanoseconds: now)
    else { return 0 }
    defer { counted = value }
    return value - counted
  }
}
