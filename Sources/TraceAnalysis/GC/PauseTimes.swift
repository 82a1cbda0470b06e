/// The times in which a process was paused: disjoint, in order.
struct PauseTimes: Sendable {
  private var begins: [Int64] = []
  private var ends: [Int64] = []

  init() {}

  /// - Parameter pauses: in any order; of those that overlap, the common time counts once.
  init(_ pauses: [GCReport.Pause]) {
    for pause in pauses.sorted(by: { $0.start_ns < $1.start_ns }) {
      let end = pause.start_ns.addingClamped(pause.duration_ns)
      if let last = ends.last, pause.start_ns <= last {
        ends[ends.count - 1] = max(last, end)
      } else {
        begins.append(pause.start_ns)
        ends.append(end)
      }
    }
  }

  /// Returns the paused time within a range.
  func sum(within range: ClosedRange<Int64>) -> UInt64 {
    var low = 0
    var high = ends.count
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] < range.lowerBound { low = middle + 1 } else { high = middle }
    }
    var sum: UInt64 = 0
    while low < begins.count, begins[low] < range.upperBound {
      let from = max(begins[low], range.lowerBound)
      let to = min(ends[low], range.upperBound)
      sum = sum.addingClamped(UInt64(clamping: to.subtractingClamped(from)))
      low += 1
    }
    return sum
  }
}

extension Int64 {
  /// Returns the sum, or the maximum if the sum exceeds it.
  func addingClamped(_ other: UInt64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(Int64(clamping: other))
    return overflow ? .max : sum
  }
}
