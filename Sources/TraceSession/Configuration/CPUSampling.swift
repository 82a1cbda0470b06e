/// A session's CPU sampling: the rate, and how stacks are walked.
public struct CPUSampling: Hashable, Sendable {
  /// Differs from 1000, to avoid running in step with periodic work of programs.
  public static let rateUsual: UInt32 = 999
  public static let rates: ClosedRange<UInt32> = 1...20_000

  /// Samples per second of CPU time, for each thread.
  public var rate: UInt32
  public var walk: StackWalk

  public init(rate: UInt32 = rateUsual, walk: StackWalk = .framePointers) {
    self.rate = rate
    self.walk = walk
  }

  /// The CPU time that a sample represents.
  var period_ns: UInt64 { 1_000_000_000 / UInt64(max(1, rate)) }
}
