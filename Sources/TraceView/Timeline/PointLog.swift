/// Moments on lanes, each with a weight, in the order of their times.
///
/// - Guarantee: at most ``pointsMax`` points. Beyond that, points of a lane that are close together
///   become one, so that sums over a time stay exact to within ``quantum``.
struct PointLog: Sendable {
  static let pointsMax = 2 << 20

  private(set) var times: [Int64] = []
  private(set) var lanes: [UInt32] = []
  private(set) var weights: [UInt64] = []
  /// Nanoseconds within which points of a lane have been joined; 0 if none have.
  private(set) var quantum: Int64 = 0

  init() {}

  /// Creates a log of points in the order of their times.
  init(times: [Int64], lanes: [UInt32], weights: [UInt64], quantum: Int64) {
    (self.times, self.lanes, self.weights, self.quantum) = (times, lanes, weights, quantum)
  }

  var count: Int { times.count }

  mutating func add(_ time: Int64, lane: Int, weight: UInt64) {
    times.append(time)
    lanes.append(UInt32(truncatingIfNeeded: lane))
    weights.append(weight)
    if times.count >= Self.pointsMax { join() }
  }

  /// Joins points until half of the room is free.
  private mutating func join() {
    let span = max(1, (times.max() ?? 0) &- (times.min() ?? 0))
    if quantum == 0 { quantum = max(1, span / Int64(Self.pointsMax)) }
    while times.count > Self.pointsMax / 2 {
      quantum = quantum.multipliedReportingOverflow(by: 2).partialValue
      guard quantum > 0 else { return removeHalf() }
      joinOnce()
      if quantum > span { return removeHalf() }
    }
  }

  private mutating func joinOnce() {
    var open: [UInt32: Int] = [:]
    var slot = Int64.min
    var end = 0
    for index in times.indices {
      let own = times[index] / quantum
      if own != slot {
        open.removeAll(keepingCapacity: true)
        slot = own
      }
      if let known = open[lanes[index]] {
        weights[known] = weights[known].addingCapped(weights[index])
      } else {
        open[lanes[index]] = end
        (times[end], lanes[end], weights[end]) = (times[index], lanes[index], weights[index])
        end += 1
      }
    }
    cut(end)
  }

  /// More lanes than points have room for: the later half is left out.
  private mutating func removeHalf() {
    if times.count > Self.pointsMax / 2 { cut(Self.pointsMax / 2) }
  }

  private mutating func cut(_ count: Int) {
    times.removeLast(times.count - count)
    lanes.removeLast(lanes.count - count)
    weights.removeLast(weights.count - count)
  }

  /// Brings the points into the order of their times.
  mutating func sort() {
    guard !zip(times, times.dropFirst()).allSatisfy({ $0 <= $1 }) else { return }
    let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
    (times, lanes, weights) =
      (order.map { times[$0] }, order.map { lanes[$0] }, order.map { weights[$0] })
  }

  /// Positions of the points within a time.
  func range(_ time: ClosedRange<Int64>) -> Range<Int> {
    let first = times.firstPosition { $0 >= time.lowerBound }
    return first..<max(first, times.firstPosition { $0 > time.upperBound })
  }
}

extension Array {
  /// Position of the first element for which `isSo` is true; it is true for all later ones, too.
  func firstPosition(where isSo: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isSo(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

extension UInt64 {
  /// The sum, or the largest number if it is larger.
  func addingCapped(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

extension Int64 {
  /// The difference, or the nearest number to it.
  func subtractingCapped(_ other: Int64) -> Int64 {
    let (difference, overflow) = subtractingReportingOverflow(other)
    return overflow ? (self < other ? .min : .max) : difference
  }
}
