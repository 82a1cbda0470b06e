/// The number of repetitions of tests that may fail only rarely.
public enum Rounds {
  /// A few rounds in the normal suite; the number in `TRACE_TEST_ROUNDS` in soak runs.
  public static func count(_ short: Int) -> Int {
    NumberVariable(name: "TRACE_TEST_ROUNDS").value.map { Int(clamping: $0) } ?? short
  }
}
