/// A cache of answers, with the times for which they hold and their addresses' change counts.
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
    /// Change count of the address when the answer was made; `UInt64.max` for an empty slot.
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

  /// Returns the answer for a time if it is cached and the address's change count is still
  /// `changes`.
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

/// Change counts of a map by address, which show whether an earlier answer still holds.
///
/// Pages with the same hash share a count, and so do processes whose pids have the same low bits.
/// An answer may therefore be looked up again needlessly, but an outdated one is never kept.
struct ChangeCounts {
  private static let pageShift: UInt64 = 12
  private static let bits: UInt64 = 14
  /// Maximum number of pages of a change; a larger one counts as a change of all addresses.
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

  /// Returns the number of changes that may have affected the address; it never decreases.
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
