public import Testing

/// A random number generator for randomized tests: SplitMix64 (Steele, Lea and Flood 2014).
///
/// The numbers are the same in every run, unless `TRACE_TEST_SEED` sets another seed. Tests that
/// use it have the trait ``Testing/Trait/randomized``, so that a failure reports the seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Generators with different `stream`s, such as a test's arguments, return different numbers.
  public init(_ stream: UInt64 = 0) {
    state = (stream ^ Self.seed &* 0xd134_2543_de82_ef95) &* 0x9e37_79b9_7f4a_7c15 &+ 1
  }

  /// The seed of the run.
  static let seed = NumberVariable(name: "TRACE_TEST_SEED").value ?? 0

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Returns a number from 0 to `bound` - 1.
  public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

extension Trait where Self == IssueHandlingTrait {
  /// Adds the seed of the run to each failure.
  public static var randomized: Self {
    .compactMapIssues { issue in
      // A suite's trait also applies to its tests; the seed is added once.
      let seed: Comment = "TRACE_TEST_SEED=\(SeededGenerator.seed) makes the same choices"
      var issue = issue
      if !issue.comments.contains(seed) { issue.comments.append(seed) }
      return issue
    }
  }
}
