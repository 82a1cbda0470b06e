/// Answers that were given, kept with the times and the changes of the map for which they hold.
///
/// A direct-mapped table: each place has one slot, and a later answer replaces the earlier one.
struct LiveAnswers: ~Copyable {
  struct Key: Equatable {
    var pid: UInt32
    var isCaller: Bool
    var address: UInt64
  }

  private struct Entry {
    var key: Key
    /// Changes of the address up to the answer; `UInt64.max` for an empty slot.
    var changes = UInt64.max
    var from: Int64
    var until: Int64
    var resolution: Resolution
  }

  private static let bits: UInt64 = 16
  private var entries = [Entry](
    repeating: Entry(
      key: Key(pid: 0, isCaller: false, address: 0), from: .max, until: .min,
      resolution: .unresolved(.neverAnnounced, module: nil)), count: 1 << Int(bits))

  private static func place(_ key: Key) -> Int {
    let hash = (key.address ^ UInt64(key.pid) &<< 40) &* 0x9e37_79b9_7f4a_7c15
    return Int(hash >> (64 - bits))
  }

  /// Returns the answer for that time if it still holds after that number of changes.
  func answer(_ key: Key, at time: Int64, changes: UInt64) -> Resolution? {
    let place = Self.place(key)
    guard entries[place].key == key, entries[place].changes == changes,
      entries[place].from <= time, time < entries[place].until
    else { return nil }
    return entries[place].resolution
  }

  mutating func keep(
    _ resolution: Resolution, _ key: Key, from: Int64, until: Int64, changes: UInt64
  ) {
    entries[Self.place(key)] = Entry(
      key: key, changes: changes, from: from, until: until, resolution: resolution)
  }
}

/// Counts the changes of a map by address, so that an answer from before is known to hold still.
///
/// Pages with the same hash, and processes, share a count: an answer is then looked up again
/// needlessly, but never kept wrongly.
struct ChangeCounts {
  private static let pageShift: UInt64 = 12
  private static let bits: UInt64 = 14
  /// Changes of more pages count as changes of all.
  private static let pagesMax: UInt64 = 64

  private var ofAll: UInt64 = 0
  private var ofPages = [UInt64](repeating: 0, count: 1 << Int(bits))
  private var ofProcesses = [UInt64](repeating: 0, count: 1 << Int(processBits))

  private static let processBits: UInt64 = 10

  private static func place(_ pid: UInt32) -> Int { Int(pid & (1 << UInt32(processBits) - 1)) }

  private static func place(_ pid: UInt32, _ page: UInt64) -> Int {
    let hash = (page ^ UInt64(pid) &<< 40) &* 0x9e37_79b9_7f4a_7c15
    return Int(hash >> (64 - bits))
  }

  /// Returns the number of changes that may have concerned the address; it never falls.
  func count(_ pid: UInt32, _ address: UInt64) -> UInt64 {
    ofAll &+ ofProcesses[Self.place(pid)] &+ ofPages[Self.place(pid, address >> Self.pageShift)]
  }

  mutating func noteAll() { ofAll += 1 }

  mutating func note(process pid: UInt32) { ofProcesses[Self.place(pid)] += 1 }

  mutating func note(_ pid: UInt32, _ range: Range<UInt64>) {
    guard !range.isEmpty else { return }
    let first = range.lowerBound >> Self.pageShift
    let last = (range.upperBound - 1) >> Self.pageShift
    guard last - first < Self.pagesMax else { return noteAll() }
    for page in first...last { ofPages[Self.place(pid, page)] += 1 }
  }
}
