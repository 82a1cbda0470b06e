/// The rows of a space that still changes, by address: what ``VersionIndex`` is for one that is
/// complete.
///
/// Rows lie in buckets of addresses; a row is in the buckets of the level at which it reaches over
/// few of them, so that a look-up asks one bucket a level.
///
/// - Guarantee: a row is found for as long as it is not removed, whatever became of its times.
/// - Cost: at most ``bucketsPerRowMax`` entries a row; a look-up walks the rows of a bucket a level
///   in use, so those that lived in its 4 KB (for larger ones more) lately.
final class LiveRows {
  /// Buckets that a row is in; one that would be in more goes to the next level.
  static let bucketsPerRowMax: UInt64 = 16
  /// Address bits within a bucket of the lowest level; each level has four more.
  private static let lowestShift: UInt64 = 12
  private static let levelBits: UInt64 = 4
  private static let levelCount = 13
  /// Rows of one bucket that are walked for a look-up: the latest. More come only from who tells of
  /// code that comes and goes at the same place millions of times a second.
  static let walkedMax = 8192

  private let rows: Slab<CodeRow>
  private var buckets: [UInt64: [UInt32]] = [:]
  /// Rows on each level.
  private var populations = [Int](repeating: 0, count: levelCount)
  private(set) var count = 0

  init(rows: Slab<CodeRow>) { self.rows = rows }

  /// Bytes, about.
  var memoryBytes: Int {
    buckets.capacity * 24 + buckets.values.reduce(0) { $0 + 32 + $1.capacity * 4 }
  }

  private static func level(_ start: UInt64, _ last: UInt64) -> UInt64 {
    var level: UInt64 = 0
    while (last >> shift(level)) - (start >> shift(level)) >= bucketsPerRowMax { level += 1 }
    return level
  }

  private static func shift(_ level: UInt64) -> UInt64 { lowestShift + level * levelBits }

  private static func key(_ address: UInt64, _ level: UInt64) -> UInt64 {
    address >> shift(level) | level << 60
  }

  private func forEachKey(_ row: CodeRow, _ body: (UInt64) -> Void) -> Int {
    let last = max(row.end, 1) - 1
    let level = Self.level(row.start, last)
    for key in Self.key(row.start, level)...Self.key(last, level) { body(key) }
    return Int(level)
  }

  func add(_ number: UInt32) {
    let level = forEachKey(rows[Int(number)]) { buckets[$0, default: []].append(number) }
    populations[level] += 1
    count += 1
  }

  /// All rows, each once, in no order.
  var all: [UInt32] {
    var all: [UInt32] = []
    all.reserveCapacity(count)
    for (key, bucket) in buckets {
      for number in bucket where Self.key(rows[Int(number)].start, key >> 60) == key {
        all.append(number)
      }
    }
    return all
  }

  /// The symbol, or of an image the module, of each row.
  func forEachSymbol(_ body: (UInt32) -> Void) {
    for bucket in buckets.values {
      for number in bucket where rows[Int(number)].symbol != CodeRow.none {
        body(rows[Int(number)].symbol)
      }
    }
  }

  /// Takes out rows and gives their places back.
  func remove(_ removed: Set<UInt32>) {
    guard !removed.isEmpty else { return }
    var keys: Set<UInt64> = []
    for number in removed {
      let level = forEachKey(rows[Int(number)]) { keys.insert($0) }
      populations[level] -= 1
    }
    for key in keys {
      buckets[key]?.removeAll { removed.contains($0) }
      if buckets[key]?.isEmpty == true { buckets[key] = nil }
    }
    for number in removed { rows.release(Int(number)) }
    count -= removed.count
  }

  func neighbours(of address: UInt64, at time: Int64) -> Neighbours {
    var found = Neighbours(time: time)
    var candidate = CodeRow.none
    var latest = Int64.min
    var earliest = Int64.max
    for level in 0..<Self.levelCount where populations[level] > 0 {
      guard let bucket = buckets[Self.key(address, UInt64(level))] else { continue }
      // Of rows that began at one moment, the last one to be told.
      for number in bucket.suffix(Self.walkedMax) {
        let row = rows[Int(number)]
        guard row.start <= address, address < row.end, row.isPlaced else { continue }
        if row.from > time {
          // Who comes at the moment at which a place is emptied comes after it.
          if found.after == CodeRow.none || row.from < earliest
            || row.from == earliest && rows[Int(found.after)].isTombstone
          {
            (found.after, earliest) = (number, row.from)
          }
        } else if candidate == CodeRow.none || row.from >= latest {
          (candidate, latest) = (number, row.from)
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
}

extension CodeRow {
  /// Whether it has a place in time: it lived, or says that nobody did.
  var isPlaced: Bool { from < until || isTombstone }
}
