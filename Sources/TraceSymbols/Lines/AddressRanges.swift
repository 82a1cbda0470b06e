/// Half-open, possibly overlapping address ranges, each with a number.
struct AddressRanges {
  struct Range: BitwiseCopyable {
    var start: UInt64
    var end: UInt64
    var value: UInt64
  }

  private(set) var ranges: [Range] = []

  var count: Int { ranges.count }
  var byteCount: Int { ranges.capacity * MemoryLayout<Range>.stride }

  /// Empty ranges are left out.
  mutating func add(_ start: UInt64, _ end: UInt64, _ value: UInt64) {
    if start < end { ranges.append(Range(start: start, end: end, value: value)) }
  }

  /// Call it once, after adding the last range.
  mutating func seal() { ranges.sort { ($0.start, $1.end) < ($1.start, $0.end) } }

  /// Of the ranges that contain the address, the one that begins last.
  ///
  /// - Trap: if a long range contains many short ones, the long one is not found after
  ///   ``LineLimits/overlaps`` of them.
  func innermost(_ address: UInt64) -> Range? {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].start <= address { low = middle + 1 } else { high = middle }
    }
    for index in stride(from: low - 1, through: max(low - LineLimits.overlaps, 0), by: -1)
    where address < ranges[index].end {
      return ranges[index]
    }
    return nil
  }

  /// Whether a range ends at this address.
  func hasEnd(_ end: UInt64) -> Bool {
    end > 0 && innermost(end - 1).map { $0.end == end } ?? false
  }
}
