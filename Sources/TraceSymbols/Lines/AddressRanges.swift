/// Half-open ranges of addresses, each with a number, that may overlap.
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

  /// Once, after the last.
  mutating func seal() { ranges.sort { ($0.start, $1.end) < ($1.start, $0.end) } }

  /// The range that begins last of those that hold the address.
  ///
  /// - Trap: where many short ranges lie inside a long one, the long one is not found behind
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

  /// Whether a range ends there.
  func hasEnd(_ end: UInt64) -> Bool {
    end > 0 && innermost(end - 1).map { $0.end == end } ?? false
  }
}
