/// The messages of a profile that have ids, by id.
///
/// - Guarantee: of several messages with one id, the first is found. Ids are below 2³².
/// - Cost: 8 bytes for each distinct id, twice that if ids repeat out of order; a lookup is one
///   access if the ids are dense, else a binary search.
struct PprofNumbers {
  /// Id and offset of each message.
  private var entries: [UInt64] = []
  private var isSorted = true
  /// The number of entries at which repeated ids are removed.
  private var limit = 1 << 16
  /// Number of messages without a usable id.
  private(set) var unusable = 0

  mutating func reserve(_ count: Int) { entries.reserveCapacity(count) }

  var count: Int { entries.count }

  mutating func add(_ id: UInt64, at offset: Int) {
    guard id > 0, id <= UInt64(UInt32.max), let offset = UInt32(exactly: offset) else {
      unusable += 1
      return
    }
    let entry = id << 32 | UInt64(offset)
    if let last = entries.last, last >> 32 == id { return }
    if !isSorted, entries.count >= limit {
      settle()
      limit = max(limit, 2 * entries.count)
    }
    if let last = entries.last, last > entry { isSorted = false }
    entries.append(entry)
  }

  /// To be called before the first lookup.
  mutating func settle() {
    guard !isSorted else { return }
    entries.sort()
    var kept = 0
    for entry in entries where kept == 0 || entries[kept - 1] >> 32 != entry >> 32 {
      entries[kept] = entry
      kept += 1
    }
    entries.removeLast(entries.count - kept)
    isSorted = true
  }

  /// The position of a message among all; nil if there is none.
  func position(_ id: UInt64) -> Int? {
    guard id > 0, id <= UInt64(UInt32.max) else { return nil }
    // Positions of dense ids.
    let dense = Int(id) - 1
    if dense < entries.count, entries[dense] >> 32 == id,
      dense == 0 || entries[dense - 1] >> 32 != id
    {
      return dense
    }
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle] >> 32 < id { low = middle + 1 } else { high = middle }
    }
    return low < entries.count && entries[low] >> 32 == id ? low : nil
  }

  /// Where the size of a message is in the file.
  func offset(at position: Int) -> Int { Int(entries[position] & 0xffff_ffff) }
}
