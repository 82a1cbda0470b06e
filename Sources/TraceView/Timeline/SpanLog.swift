/// Stretches of time on lanes, each of a kind.
///
/// - Guarantee: at most ``spansMax`` stretches; later ones are left out, and ``isCut`` is set.
struct SpanLog: Sendable {
  static let spansMax = 4 << 20

  struct Span: Sendable {
    var from: Int64
    var to: Int64
    var lane: UInt32
    var kind: UInt8
  }

  private(set) var spans: [Span] = []
  /// The latest end of each stretch and those before it, for searches.
  private var ends: [Int64] = []
  private(set) var isCut = false

  init() {}

  init(_ spans: [Span], isCut: Bool) {
    (self.spans, self.isCut) = (spans, isCut)
    sort()
  }

  mutating func add(_ from: Int64, _ to: Int64, lane: Int, kind: UInt8 = 0) {
    guard spans.count < Self.spansMax else {
      isCut = true
      return
    }
    guard to > from else { return }
    spans.append(Span(from: from, to: to, lane: UInt32(truncatingIfNeeded: lane), kind: kind))
  }

  /// Brings the stretches into the order of their beginnings. Must precede ``range(_:)``.
  mutating func sort() {
    spans.sort { $0.from < $1.from }
    var latest = Int64.min
    ends = spans.map { span in
      latest = max(latest, span.to)
      return latest
    }
  }

  /// Positions that include all stretches which overlap a time.
  func range(_ time: ClosedRange<Int64>) -> Range<Int> {
    let first = ends.firstPosition { $0 > time.lowerBound }
    let end = spans.firstPosition { $0.from > time.upperBound }
    return first..<max(first, end)
  }
}
