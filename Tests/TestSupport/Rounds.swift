/// How often a test repeats what may fail once in many times.
public enum Rounds {
  /// A few rounds in the suite; as many as `TRACE_TEST_ROUNDS` says where a soak run sets it.
  public static func count(_ short: Int) -> Int {
    NumberVariable(name: "TRACE_TEST_ROUNDS").value.map { Int(clamping: $0) } ?? short
  }
}
