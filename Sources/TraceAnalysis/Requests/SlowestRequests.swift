/// The slowest requests so far.
struct SlowestRequests {
  let limit: Int
  /// Twice the limit at most.
  private var requests: [RequestReport.Request] = []
  /// The shortest duration that may still belong to the slowest.
  private var threshold: UInt64 = 0

  init(limit: Int) { self.limit = limit }

  /// - Parameter request: evaluated only if it may belong to the slowest.
  mutating func add(_ duration_ns: UInt64, _ request: @autoclosure () -> RequestReport.Request) {
    guard limit > 0, duration_ns >= threshold else { return }
    requests.append(request())
    if requests.count >= 2 * limit { sort() }
  }

  /// The slowest requests, slowest first.
  func sorted() -> [RequestReport.Request] {
    var copy = self
    copy.sort()
    return copy.requests
  }

  private mutating func sort() {
    requests.sort { ($1.duration_ns, $0.start_ns) < ($0.duration_ns, $1.start_ns) }
    requests.removeLast(max(0, requests.count - limit))
    if limit > 0, requests.count == limit { threshold = requests[limit - 1].duration_ns }
  }
}
