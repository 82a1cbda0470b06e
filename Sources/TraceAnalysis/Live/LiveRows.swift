/// The rows of a growing space, by address: the counterpart of ``VersionIndex``, which indexes a
/// complete space.
///
/// Rows are stored in buckets by address. A row is in the buckets of the lowest level on which it
/// spans few buckets, so a lookup reads one bucket per level.
///
/// - Guarantee: a row is found until it is removed, even if its times change.
/// - Cost: at most ``bucketsPerRowMax`` entries per row. A lookup searches one bucket per used
///   level by time, and walks from there to the nearest rows that contain the address, past rows
///   that existed at about that time in the same 4 KB (more for larger rows).
final class LiveRows {
  /// Maximum number of buckets of a row; a row with more is stored on the next level.
  static let bucketsPerRowMax: UInt64 = 16
  /// Number of address bits within a bucket of the lowest level; each further level has four more.
  private static let lowestShift: UInt64 = 12
  private static let levelBits: UInt64 = 4
  private static let levelCount = 13
  /// Maximum number of rows of a bucket visited by a lookup, in each direction. More rows occur
  /// only if a process announces code millions of times a second close to the same address.
  static let walkedMax = 8192

  private let rows: Slab<CodeRow>
  /// Rows in order of their start times; rows with the same start time are in order of
  /// announcement.
  private var buckets: [UInt64: [UInt32]] = [:]
  /// Number of rows on each level.
  private var populations = [Int](repeating: 0, count: levelCount)
  private(set) var count = 0

  init(rows: Slab<CodeRow>) { self.rows = rows }

  /// The approximate size in bytes.
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

  /// Repositions a row after a change of its start time.
  func reorder(_ number: UInt32) {
    _ = forEachKey(rows[Int(number)]) { key in
      buckets[key]?.removeAll { $0 == number }
      place(number, in: key)
    }
  }

  private func place(_ number: UInt32, in key: UInt64) {
    let from = rows[Int(number)].from
    // Most rows are the latest.
    guard let last = buckets[key]?.last, rows[Int(last)].from > from else {
      return buckets[key, default: []].append(number)
    }
    let place = split(buckets[key] ?? [], after: from)
    buckets[key]?.insert(number, at: place)
  }

  /// The index of the first row of a bucket that began after a time.
  private func split(_ bucket: [UInt32], after time: Int64) -> Int {
    var (low, high) = (0, bucket.count)
    while low < high {
      let middle = (low + high) / 2
      if rows[Int(bucket[middle])].from <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// All rows, each once, unordered.
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

  /// Calls `body` with each row's symbol or, for an image, module.
  func forEachSymbol(_ body: (UInt32) -> Void) {
    for bucket in buckets.values {
      for number in bucket where rows[Int(number)].symbol != CodeRow.none {
        body(rows[Int(number)].symbol)
      }
    }
  }

  /// Removes rows, and releases their slots.
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

  /// The latest row; of several with the same start time, the last announced one.
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

  /// Code that begins at the time of a tombstone comes after the tombstone.
  private func comesBefore(_ number: UInt32, _ other: UInt32) -> Bool {
    let (row, known) = (rows[Int(number)], rows[Int(other)])
    return row.from < known.from || row.from == known.from && known.isTombstone
  }
}

extension CodeRow {
  /// Whether the row affects lookups: it existed for some time, or is a tombstone.
  var isPlaced: Bool { from < until || isTombstone }
}
