internal import TraceEvents

/// The allocation stalls of one process: all durations, and the longest stalls.
struct StallRecords {
  /// Maximum number of stalls whose durations are kept.
  static let durationsMax = 1 << 20
  /// Number of stalls that are kept as a whole.
  static let longestMax = 10

  private(set) var durations: [UInt64] = []
  /// Longest first.
  private(set) var longest: [GCReport.Stall] = []
  private(set) var isCut = false

  mutating func add(_ event: GCAllocationStall, end: Int64) {
    guard durations.count < Self.durationsMax else {
      isCut = true
      return
    }
    durations.append(event.duration)
    if longest.count == Self.longestMax {
      guard event.duration > longest[longest.count - 1].duration_ns else { return }
      longest.removeLast()
    }
    let stall = GCReport.Stall(
      start_ns: end.subtractingClamped(Int64(clamping: event.duration)),
      duration_ns: event.duration, threadID: event.threadID, threadName: event.threadName)
    let place = longest.firstIndex { $0.duration_ns < stall.duration_ns } ?? longest.count
    longest.insert(stall, at: place)
  }
}
