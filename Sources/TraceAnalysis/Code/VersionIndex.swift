/// Rows at an address that are nearest to a given time.
struct Neighbours {
  /// Row that was live at the time.
  var exact = CodeRow.none
  /// Latest earlier row, if none was live.
  var before = CodeRow.none
  /// Next later row.
  var after = CodeRow.none
  /// In a forked process with no row of its own there: a row that its parent had at the fork or got
  /// only after it.
  var maybe = CodeRow.none
  /// Time for `exact` and `maybe`: for inherited rows, at most the time of the fork.
  var time: Int64 = 0
}

/// Index of a space's rows by address and time: a segment tree over the addresses where rows begin
/// or end, whose nodes list the rows that cover them in order of time.
///
/// - Cost: a row is in O(log n) nodes at most, and mostly in one or two. A lookup is O(log² n) at
///   worst, and O(log n) if addresses rarely change owners.
struct VersionIndex {
  private let rows: Slab<CodeRow>
  /// Addresses where rows begin or end, ascending.
  private var edges: [UInt64] = []
  /// Start of each node's rows in `listed`, with one entry more than there are nodes.
  private var starts: [UInt32] = []
  private var listed: [UInt32] = []
  /// Beginning of each listed row: searches would otherwise read rows all over the memory.
  private var times: [Int64] = []
  /// For each leaf, a bit per level above it, its own first: whether the node there lists any rows.
  private var levels: [UInt32] = []
  private var leafCount = 0

  init(rows: Slab<CodeRow>, own: [UInt32]) {
    self.rows = rows
    let ordered = Self.inOrderOfTime(own, rows)
    guard !ordered.isEmpty else { return }
    let edges = Self.edges(of: ordered, rows)
    let leafCount = edges.count - 1
    // Local copies: a closure that mutated its captured state would copy it on each call.
    var starts = [UInt32](repeating: 0, count: 2 * leafCount + 1)
    for number in ordered {
      Self.forEachNode(rows[Int(number)], edges) { starts[$0 + 1] += 1 }
    }
    for node in 1..<starts.count { starts[node] += starts[node - 1] }
    var listed = [UInt32](repeating: 0, count: Int(starts[starts.count - 1]))
    // Filling advances each node's start to its end, which is the next node's start; shift it back.
    for number in ordered {
      Self.forEachNode(rows[Int(number)], edges) { node in
        listed[Int(starts[node])] = number
        starts[node] += 1
      }
    }
    for node in stride(from: starts.count - 1, to: 0, by: -1) { starts[node] = starts[node - 1] }
    starts[0] = 0
    self.edges = edges
    self.starts = starts
    self.listed = listed
    times = listed.map { rows[Int($0)].from }
    self.leafCount = leafCount
    levels = Self.levels(starts, leafCount)
  }

  var memoryBytes: Int {
    edges.capacity * 8 + starts.capacity * 4 + listed.capacity * 12 + levels.capacity * 4
  }

  /// Most nodes list nothing: a lookup visits the others only.
  private static func levels(_ starts: [UInt32], _ leafCount: Int) -> [UInt32] {
    func isUsed(_ node: Int) -> UInt32 { starts[node] < starts[node + 1] ? 1 : 0 }
    // The same bits for each inner node.
    var inner = [UInt32](repeating: 0, count: max(leafCount, 2))
    for node in stride(from: 1, to: leafCount, by: 1) {
      inner[node] = inner[node / 2] << 1 | isUsed(node)
    }
    return (0..<leafCount).map { leaf in
      let node = leaf + leafCount
      return inner[node / 2] << 1 | isUsed(node)
    }
  }

  private static func inOrderOfTime(_ own: [UInt32], _ rows: Slab<CodeRow>) -> [UInt32] {
    var ordered = own.filter {
      rows[Int($0)].from < rows[Int($0)].until || rows[Int($0)].isTombstone
    }
    var isSorted = true
    for index in 1..<max(1, ordered.count)
    where rows[Int(ordered[index])].from < rows[Int(ordered[index - 1])].from {
      isSorted = false
      break
    }
    if !isSorted {
      ordered.sort { (rows[Int($0)].from, $0) < (rows[Int($1)].from, $1) }
    }
    return ordered
  }

  /// Returns the distinct addresses where rows begin or end, at least two.
  private static func edges(of ordered: [UInt32], _ rows: Slab<CodeRow>) -> [UInt64] {
    var edges: [UInt64] = []
    edges.reserveCapacity(ordered.count * 2)
    for number in ordered {
      edges.append(rows[Int(number)].start)
      edges.append(rows[Int(number)].end)
    }
    edges.sort()
    var unique = 1
    for index in 1..<edges.count where edges[index] != edges[unique - 1] {
      edges[unique] = edges[index]
      unique += 1
    }
    // Where addresses are reused, most entries are duplicates; a copy does not keep their memory.
    return Array(edges[..<unique])
  }

  /// Enumerates the nodes that make up a row's range; leaves are the last half.
  private static func forEachNode(_ row: CodeRow, _ edges: [UInt64], _ body: (Int) -> Void) {
    let leafCount = edges.count - 1
    var low = leaf(of: row.start, edges) + leafCount
    var high = leaf(of: row.end, edges) + leafCount
    while low < high {
      if low & 1 == 1 {
        body(low)
        low += 1
      }
      if high & 1 == 1 {
        high -= 1
        body(high)
      }
      low /= 2
      high /= 2
    }
  }

  /// Returns the index of the last edge at or below an address.
  private static func leaf(of address: UInt64, _ edges: [UInt64]) -> Int {
    edges.withUnsafeBufferPointer { edges in
      var low = 0
      var count = edges.count
      while count > 1 {
        let half = count / 2
        if edges[low + half] <= address { low += half }
        count -= half
      }
      return low
    }
  }

  func neighbours(of address: UInt64, at time: Int64) -> Neighbours {
    var found = Neighbours(time: time)
    guard let first = edges.first, let last = edges.last, address >= first, address < last
    else { return found }
    let leaf = Self.leaf(of: address, edges)
    var levels = levels[leaf]
    var latest = Int64.min
    var earliest = Int64.max
    var candidate = CodeRow.none
    while levels != 0 {
      let node = (leaf + leafCount) >> levels.trailingZeroBitCount
      levels &= levels &- 1
      let range = Int(starts[node])..<Int(starts[node + 1])
      let split = firstRow(after: time, in: range)
      if split > range.lowerBound {
        let number = listed[split - 1]
        let from = times[split - 1]
        if candidate == CodeRow.none || from > latest || (from == latest && number > candidate) {
          candidate = number
          latest = from
        }
      }
      if split < range.upperBound {
        let number = firstToCome(at: split, in: range)
        let from = times[split]
        let isBetter =
          found.after == CodeRow.none || from < earliest
          || (from == earliest && rows[Int(found.after)].isTombstone)
        if isBetter {
          found.after = number
          earliest = from
        }
      }
    }
    guard candidate != CodeRow.none else { return found }
    if rows[Int(candidate)].until > time {
      found.exact = candidate
    } else {
      found.before = candidate
    }
    return found
  }

  /// Returns the first row to come. A row that begins when the place is vacated comes after the
  /// tombstone.
  private func firstToCome(at position: Int, in range: Range<Int>) -> UInt32 {
    guard rows[Int(listed[position])].isTombstone else { return listed[position] }
    return listed[firstRow(after: times[position], in: position..<range.upperBound) - 1]
  }

  private func firstRow(after time: Int64, in range: Range<Int>) -> Int {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high {
      let middle = (low + high) / 2
      if times[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
