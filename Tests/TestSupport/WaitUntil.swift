import Glibc
public import Testing

/// Returns when the condition is true; fails the test, at the caller's line, if it does not become
/// true in time. The default time suits a busy machine: the condition is checked every millisecond.
public func waitUntil(
  _ what: @autoclosure () -> String = "it becomes true", seconds: Double = 60,
  sourceLocation: SourceLocation = #_sourceLocation, _ condition: () throws -> Bool
) throws {
  let deadline = monotonicSeconds() + seconds
  while true {
    // Read before the condition, so that the condition is checked once more after a long pause.
    let isLate = monotonicSeconds() > deadline
    if try condition() { return }
    try #require(!isLate, "not within \(seconds) s: \(what())", sourceLocation: sourceLocation)
    usleep(1000)
  }
}

/// Seconds of a monotonic clock.
public func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
}
