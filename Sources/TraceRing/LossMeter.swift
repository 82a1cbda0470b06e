import CTraceShims

/// The plausible number of losses in the counters of one ring.
///
/// An emitter that loses an event takes more than ``nanosecondsPerLoss`` to count it. A counter
/// that grew faster than that was not written by an emitter.
struct LossAllowance {
  /// A third of the time of the shortest path that loses an event, which is about 15 ns at 4 GHz.
  static let nanosecondsPerLoss: UInt64 = 5
  /// Tolerance, because counters and clock are not read at the same moment.
  static let slack: UInt64 = 4096

  private var start: UInt64
  private var spent: UInt64 = 0

  init(fromNanoseconds start: UInt64) { self.start = start }

  /// Deducts `count` losses from the number possible by `now`. False if they are not possible.
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

/// The reader's state of a loss counter in shared memory.
struct LossMeter {
  enum Reading: Equatable {
    case lost(UInt64)
    /// The counter decreased, or grew faster than events can be lost. Its value is not used.
    case implausible
  }

  /// The total of losses counted so far.
  private var counted: UInt64 = 0

  /// Processes the counter's current value.
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

  /// Processes the counter's value in a page context, which applies to the time when the page
  /// began; `total` is the counter's current value. An impossible value is left to
  /// ``read(_:_:atNanoseconds:)``.
  mutating func readEarlier(
    _ value: UInt64, total: UInt64, _ allowance: inout LossAllowance, atNanoseconds now: UInt64
  ) -> UInt64 {
    guard value > counted, value <= total, allowance.spend(value - counted, atNanoseconds: now)
    else { return 0 }
    defer { counted = value }
    return value - counted
  }
}
