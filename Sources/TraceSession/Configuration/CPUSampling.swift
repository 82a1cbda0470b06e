/// CPU samples of a session: how often, and how their stacks are walked.
public struct CPUSampling: Hashable, Sendable {
  /// Not in step with anything that programs do a thousand times a second.
  public static let rateUsual: UInt32 = 999
  public static let rates: ClosedRange<UInt32> = 1...20_000

  /// Samples a second of CPU time, of each thread.
  public var rate: UInt32
  public var walk: StackWalk

  public init(rate: UInt32 = rateUsual, walk: StackWalk = .framePointers) {
    self.rate = rate
    self.walk = walk
  }

  /// CPU time that a sample stands for.
  var period_ns: UInt64 { 1_000_000_000 / UInt64(max(1, rate)) }
}
