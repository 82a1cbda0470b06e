/// Caches answers by process generation and address, with the times for which they hold.
///
/// A direct-mapped table: each key has one slot, and a later entry replaces the earlier one.
struct ResolutionCache {
  struct Entry: BitwiseCopyable {
    var address: UInt64
    var generation: UInt32
    /// Symbol number; if `isNamed` is false, the reason.
    var value: UInt32
    var from: Int64
    var until: Int64
    var offset: UInt64
    /// Module of an unnamed address; ``CodeRow/none`` if unknown.
    var module: UInt32
    var isNamed: Bool
    var certainty: NameCertainty

    static let empty = Entry(
      address: 0, generation: .max, value: 0, from: .max, until: .min, offset: 0, module: 0,
      isNamed: false, certainty: .certain)
  }

  private static let bitsMax = 18
  private var entries: UnsafeMutablePointer<Entry>
  private var bits = 8
  private var displaced = 0

  init() {
    entries = Self.allocate(bits)
  }

  private static func allocate(_ bits: Int) -> UnsafeMutablePointer<Entry> {
    let entries = UnsafeMutablePointer<Entry>.allocate(capacity: 1 << bits)
    entries.initialize(repeating: .empty, count: 1 << bits)
    return entries
  }

  func deallocate() { entries.deallocate() }

  @inline(__always)
  private func place(_ address: UInt64, _ generation: UInt32) -> Int {
    let hash = (address ^ UInt64(generation) &<< 40) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: hash &>> UInt64(64 &- bits))
  }

  @inline(__always)
  func entry(_ address: UInt64, _ generation: UInt32, at time: Int64) -> UnsafePointer<Entry>? {
    let entry = entries + place(address, generation)
    guard entry.pointee.address == address, entry.pointee.generation == generation,
      entry.pointee.from <= time, time < entry.pointee.until
    else { return nil }
    return UnsafePointer(entry)
  }

  mutating func insert(_ entry: Entry) {
    let index = place(entry.address, entry.generation)
    if entries[index].generation != .max,
      entries[index].address != entry.address || entries[index].generation != entry.generation
    {
      displaced += 1
      if displaced > 1 << (bits - 1), bits < Self.bitsMax { return widen(adding: entry) }
    }
    entries[index] = entry
  }

  private mutating func widen(adding entry: Entry) {
    let (old, count) = (entries, 1 << bits)
    bits += 1
    displaced = 0
    entries = Self.allocate(bits)
    for index in 0..<count where old[index].generation != .max {
      entries[place(old[index].address, old[index].generation)] = old[index]
    }
    old.deallocate()
    entries[place(entry.address, entry.generation)] = entry
  }
}
