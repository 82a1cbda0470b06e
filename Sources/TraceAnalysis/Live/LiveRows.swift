/// The rows of a space that still changes, by address: what ``VersionIndex`` is for one that is
/// complete.
///
/// Rows lie in buckets of addresses; a row is in the buckets of the level at which it reaches over
/// few of them, so that a look-up asks one bucket a level.
///
/// - Guarantee: a row is found for as long as it is not removed, whatever became of its times.
/// - Cost: at most ``bucketsPerRowMax`` entries a row; a look-up searches a bucket a level in use
///   by time, and walks from there to the nearest rows that have the address: past those that
///   lived beside it in its 4 KB (for larger ones more) at about that time.
final class LiveRows {
  /// Buckets that a row is in; one that would be in more goes to the next level.
  static let bucketsPerRowMax: UInt64 = 16
  /// Address bits within a bucket of the lowest level; each level has four more.
  private static let lowestShift: UInt64 = 12
  private static let levelBits: UInt64 = 4
  private static let levelCount = 13
  /// Rows of one bucket that are walked for a look-up, each way. More come only from who tells of
  /// code that comes and goes beside the same place millions of times a second.
  static let walkedMax = 8192

  private let rows: Slab<CodeRow>
  /// In order of their beginnings, and of those that began at one moment, as they were told.
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
    let level = forEachKey(rows[Int(number)]) { place(number, in: $0) }
    populations[level] += 1
    count += 1
  }

  /// A row's beginning is another now.
  func reorder(_ number: UInt32) {
    _ = forEachKey(rows[Int(number)]) { key in
      buckets[key]?.removeAll { $0 == number }
      place(number, in: key)
    }
  }

  private func place(_ number: UInt32, in key: UInt64) {
    let from = rows[Int(number)].from
    // Most are the latest.
    guard let last = buckets[key]?.last, rows[Int(last)].from > from else {
      return buckets[key, default: []].append(number)
    }
    let place = split(buckets[key] ?? [], after: from)
    buckets[key]?.insert(number, at: place)
  }

  /// The first of a bucket that began after a time.
  private func split(_ bucket: [UInt32], after time: Int64) -> Int {
    var (low, high) = (0, bucket.count)
    while low < high {
      let middle = (low + high) / 2
      if rows[Int(bucket[middle])].from <= time { low = middle + 1 } else { high = middle }
    }
    return low
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
    for level in 0..<Self.levelCount where populations[level] > 0 {
      guard let bucket = buckets[Self.key(address, UInt64(level))] else { continue }
      let split = split(bucket, after: time)
      let last = latestRow(at: address, in: bucket[..<split])
      if last != CodeRow.none, candidate == CodeRow.none || rows[Int(last)].from >= latest {
        (candidate, latest) = (last, rows[Int(last)].from)
      }
      let next = earliestRow(at: address, in: bucket[split...])
      if next != CodeRow.none, found.after == CodeRow.none || comesBefore(next, found.after) {
        found.after = next
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

  /// Of rows that began at one moment, the last one to be told.
  private func latestRow(at address: UInt64, in earlier: ArraySlice<UInt32>) -> UInt32 {
    for number in earlier.suffix(Self.walkedMax).reversed() where has(address, number) {
      return number
    }
    return CodeRow.none
  }

  private func earliestRow(at address: UInt64, in later: ArraySlice<UInt32>) -> UInt32 {
    var found = CodeRow.none
    for number in later.prefix(Self.walkedMax) {
      if found != CodeRow.none, rows[Int(number)].from > rows[Int(found)].from { break }
      guard has(address, number) else { continue }
      if !rows[Int(number)].isTombstone { return number }
      found = number
    }
    return found
  }

  private func has(_ address: UInt64, _ number: UInt32) -> Bool {
    let row = rows[Int(number)]
    return row.start <= address && address < row.end && row.isPlaced
  }

  /// Who comes at the moment at which a place is emptied comes after it.
  private func comesBefore(_ number: UInt32, _ other: UInt32) -> Bool {
    let (row, known) = (rows[Int(number)], rows[Int(other)])
    return row.from < known.from || row.from == known.from && known.isTombstone
  }
}

extension CodeRow {
  /// Whether it has a place in time: it lived, or says that nobody did.
  var isPlaced: Bool { from < until || isTombstone }
}
