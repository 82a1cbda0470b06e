/// Number, sum and distribution of durations.
public struct DurationSummary: Hashable, Sendable {
  public private(set) var count = 0
  /// Saturates at the maximum of its type.
  public private(set) var total_ns: UInt64 = 0
  public private(set) var max_ns: UInt64 = 0
  /// The total divided by the count, rounded down.
  public private(set) var mean_ns: UInt64 = 0
  /// The percentiles are durations that occurred: 50 % of the durations are not longer than this
  /// one, and it is the shortest such (nearest rank).
  public private(set) var p50_ns: UInt64 = 0
  public private(set) var p90_ns: UInt64 = 0
  public private(set) var p95_ns: UInt64 = 0
  public private(set) var p99_ns: UInt64 = 0
  public private(set) var p999_ns: UInt64 = 0
  /// Numbers of durations by length, without the empty buckets at both ends.
  public private(set) var buckets: [Bucket] = []

  /// The durations from one length up to another.
  public struct Bucket: Hashable, Sendable {
    /// The shortest length of the bucket.
    public var from_ns: UInt64
    /// The shortest length of the next bucket.
    public var below_ns: UInt64
    public var count: Int
  }

  /// Creates the summary of no durations.
  public init() {}

  /// - Cost: sorts the durations.
  init(_ durations: [UInt64]) {
    guard !durations.isEmpty else { return }
    let sorted = durations.sorted()
    count = sorted.count
    total_ns = sorted.reduce(0) { $0.addingClamped($1) }
    max_ns = sorted[sorted.count - 1]
    mean_ns = total_ns / UInt64(sorted.count)
    func rank(_ permille: Int) -> UInt64 {
      sorted[max((sorted.count * permille + 999) / 1000, 1) - 1]
    }
    (p50_ns, p90_ns, p95_ns, p99_ns) = (rank(500), rank(900), rank(950), rank(990))
    p999_ns = rank(999)
    buckets = Self.buckets(of: sorted)
  }

  /// Buckets begin at 0 and at 1, 2 and 5 times each power of ten from a microsecond on.
  private static func buckets(of sorted: [UInt64]) -> [Bucket] {
    var buckets: [Bucket] = []
    var position = 0
    var (from, next) = (UInt64(0), UInt64(1000))
    while position < sorted.count {
      let start = position
      while position < sorted.count, sorted[position] < next || next == .max { position += 1 }
      if position > start || !buckets.isEmpty {
        buckets.append(Bucket(from_ns: from, below_ns: next, count: position - start))
      }
      (from, next) = (next, after(next))
    }
    return buckets
  }

  /// Returns the next bound of the series 1, 2, 5, 10, 20 …; the maximum after the last.
  private static func after(_ bound: UInt64) -> UInt64 {
    var power = bound
    while power % 10 == 0 { power /= 10 }
    let (next, overflow) =
      power == 2
      ? (bound / 2).multipliedReportingOverflow(by: 5)
      : bound.multipliedReportingOverflow(by: 2)
    return overflow ? .max : next
  }
}

extension UInt64 {
  /// Returns the sum, or the maximum if the sum exceeds it.
  func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
