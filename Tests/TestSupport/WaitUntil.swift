import Glibc
public import Testing

/// Returns once the condition holds; fails the test, at the caller's line, when it does not become
/// true in time. The time is for a busy machine: the condition is asked each millisecond.
public func waitUntil(
  _ what: @autoclosure () -> String = "it becomes true", seconds: Double = 60,
  sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) throws {
  let deadline = monotonicSeconds() + seconds
  while true {
    // Before the condition, so that it is asked once more after a long pause.
    let isLate = monotonicSeconds() > deadline
    if try condition() { return }
    try #require(!isLate, "not within \(seconds) s: \(what())", sourceLocation: sourceLocation)
    usleep(1000)
  }
}

/// Seconds of a clock that only advances.
public func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
