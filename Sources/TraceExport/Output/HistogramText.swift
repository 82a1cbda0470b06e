internal import TraceAnalysis

/// The buckets of a distribution of durations as bars:
///
///     up to 100 µs   12  ###
///     up to 200 µs   40  ##########
struct HistogramText {
  /// Length of the longest bar.
  private static let barMax = 40

  private let buckets: [DurationSummary.Bucket]

  init(_ summary: DurationSummary) { buckets = summary.buckets }

  var lines: [String] {
    let most = buckets.map(\.count).max() ?? 0
    let rows = buckets.map { bucket in
      let length = most == 0 ? 0 : (bucket.count * Self.barMax + most - 1) / most
      return [
        "below \(shortDuration(nanoseconds: bucket.below_ns))", grouped(UInt64(bucket.count)),
        String(repeating: "#", count: length),
      ]
    }
    return Table(rightAligned: [0, 1], rows: rows).lines
  }
}
