import TraceControl

/// Rate limit for a process's packets: a token bucket.
struct PacketAllowance {
  private var tokens = Double(ControlLimits.packetsPerSecond)
  private var lastNanoseconds: UInt64

  init(atNanoseconds now: UInt64) { lastNanoseconds = now }

  /// Takes one token; false if the process has exceeded the limit.
  mutating func takeOne(atNanoseconds now: UInt64) -> Bool {
    let elapsed = Double(now &- min(lastNanoseconds, now)) / 1e9
    lastNanoseconds = max(now, lastNanoseconds)
    let most = Double(ControlLimits.packetsPerSecond)
    tokens = min(most, tokens + elapsed * most)
    guard tokens >= 1 else { return false }
    tokens -= 1
    return true
  }
}
