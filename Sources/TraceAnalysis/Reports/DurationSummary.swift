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
    self.init(sorted: durations.sorted(), { $0 }, { _ in 1 })
  }

  /// - Cost: sorts the durations.
  init(_ durations: [CountedDuration]) {
    self.init(sorted: durations.sorted { $0.duration < $1.duration }, \.duration, \.times)
  }

  /// - Parameters:
  ///   - length: returns an element's duration.
  ///   - times: returns how often it occurred, at least once.
  @inline(__always)
  private init<Element>(
    sorted: [Element], _ length: (Element) -> UInt64, _ times: (Element) -> Int
  ) {
    guard let last = sorted.last else { return }
    for element in sorted {
      count += times(element)
      let (product, overflow) = length(element).multipliedReportingOverflow(
        by: UInt64(times(element)))
      total_ns = total_ns.addingClamped(overflow ? .max : product)
    }
    max_ns = length(last)
    mean_ns = total_ns / UInt64(count)
    var ranks: [UInt64] = []
    var (from, next) = (UInt64(0), UInt64(1000))
    var (counted, inBucket) = (0, 0)
    func close() {
      if inBucket > 0 || !buckets.isEmpty {
        buckets.append(Bucket(from_ns: from, below_ns: next, count: inBucket))
      }
      (from, next, inBucket) = (next, Self.after(next), 0)
    }
    for element in sorted {
      while length(element) >= next, next != .max { close() }
      inBucket += times(element)
      counted += times(element)
      while ranks.count < Self.ranks.count, counted >= rank(Self.ranks[ranks.count]) {
        ranks.append(length(element))
      }
    }
    close()
    (p50_ns, p90_ns, p95_ns, p99_ns) = (ranks[0], ranks[1], ranks[2], ranks[3])
    p999_ns = ranks[4]
  }

  /// The percentiles, in thousandths.
  private static let ranks = [500, 900, 950, 990, 999]

  private func rank(_ permille: Int) -> Int {
    max((count * permille + 999) / 1000, 1)
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

/// A duration that occurred a number of times.
struct CountedDuration {
  var duration: UInt64
  private var number: UInt32

  /// - Parameter times: at least 1; limited to 4,294,967,295.
  init(_ duration: UInt64, times: Int = 1) {
    (self.duration, number) = (duration, UInt32(clamping: max(times, 1)))
  }

  var times: Int { Int(number) }
}

extension UInt64 {
  /// Returns the sum, or the maximum if the sum exceeds it.
  func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
