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
  /// Coarse beginning of each listed row: searches would otherwise read rows all over the memory.
  private var times: [UInt32] = []
  private var coarseClock = CoarseClock(first: 0, last: 0)
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
    let clock = Self.coarseClock(of: ordered, rows)
    times = listed.map { clock.coarse(rows[Int($0)].from) }
    coarseClock = clock
    self.leafCount = leafCount
    levels = Self.levels(starts, leafCount)
  }

  var memoryBytes: Int {
    edges.capacity * 8 + starts.capacity * 4 + listed.capacity * 8 + levels.capacity * 4
  }

  /// Returns a clock for the rows' beginnings, except for those that are unknown.
  private static func coarseClock(of ordered: [UInt32], _ rows: Slab<CodeRow>) -> CoarseClock {
    let first = ordered.first { rows[Int($0)].from > .min }
    guard let first, let last = ordered.last else { return CoarseClock(first: 0, last: 0) }
    return CoarseClock(first: rows[Int(first)].from, last: rows[Int(last)].from)
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
    var candidate = CodeRow.none
    // Position of `found.after` in `listed`.
    var next: Int?
    while levels != 0 {
      let node = (leaf + leafCount) >> levels.trailingZeroBitCount
      levels &= levels &- 1
      let range = Int(starts[node])..<Int(starts[node + 1])
      let split = firstRow(after: time, in: range)
      if split > range.lowerBound {
        let number = listed[split - 1]
        if candidate == CodeRow.none || isLater(number, than: candidate) { candidate = number }
      }
      if split < range.upperBound, next.map({ isSooner(split, than: $0, found.after) }) ?? true {
        found.after = firstToCome(at: split, in: range)
        next = split
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

  /// Whether a row begins after another or, at the same time, has the higher number.
  private func isLater(_ number: UInt32, than other: UInt32) -> Bool {
    (rows[Int(number)].from, number) > (rows[Int(other)].from, other)
  }

  /// Whether the row at a position of `listed` begins before the one at another position or, at the
  /// same time, replaces a tombstone, which is what was found there.
  private func isSooner(_ position: Int, than other: Int, _ found: UInt32) -> Bool {
    if times[position] != times[other] { return times[position] < times[other] }
    let from = rows[Int(listed[position])].from
    let otherFrom = rows[Int(listed[other])].from
    return from < otherFrom || (from == otherFrom && rows[Int(found)].isTombstone)
  }

  /// Returns the first row to come. A row that begins when the place is vacated comes after the
  /// tombstone.
  private func firstToCome(at position: Int, in range: Range<Int>) -> UInt32 {
    let row = rows[Int(listed[position])]
    guard row.isTombstone else { return listed[position] }
    return listed[firstRow(after: row.from, in: position..<range.upperBound) - 1]
  }

  private func firstRow(after time: Int64, in range: Range<Int>) -> Int {
    let coarse = coarseClock.coarse(time)
    var low = range.lowerBound
    var high = range.upperBound
    while low < high {
      let middle = (low + high) / 2
      // Only a row of the same coarse time must be read.
      let isUntilThen =
        times[middle] == coarse ? rows[Int(listed[middle])].from <= time : times[middle] < coarse
      if isUntilThen { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Shortens times to 32 bits, in their order: different times may become equal.
private struct CoarseClock {
  private var first: Int64
  private var last: Int64
  private var shift: UInt64

  /// - Parameter first: the earliest time that must be told from others.
  init(first: Int64, last: Int64) {
    self.first = first
    self.last = max(first, last)
    let range = UInt64(bitPattern: self.last &- first)
    shift = UInt64(max(0, 32 - range.leadingZeroBitCount))
  }

  /// Returns 0 for all times up to the first one, and an equal number for all after the last one.
  func coarse(_ time: Int64) -> UInt32 {
    if time <= first { return 0 }
    return UInt32(truncatingIfNeeded: UInt64(bitPattern: min(time, last) &- first) &>> shift)
  }
}
