internal import Glibc
internal import TraceEvents

/// Symbols by name, module, source and tier, with all names' bytes in one heap.
///
/// - Cost: 16 bytes plus the name per symbol, and 8 to 16 bytes for the hash table.
final class NameTable {
  /// Compact, because a trace may have a million symbols.
  struct Entry: BitwiseCopyable {
    /// Position of the name in the heap (40 bits), its length (13), source (3) and tier (8).
    private var packed: UInt64
    var module: UInt32
    var hash: UInt32

    init(nameOffset: Int, nameBytes: Int, module: UInt32, hash: UInt32, source: UInt8, tier: UInt8)
    {
      assert(nameOffset < 1 << 40 && nameBytes < Self.freeMark && source < 8)
      packed =
        UInt64(nameOffset) << 24 | UInt64(nameBytes) << 11 | UInt64(source) << 8 | UInt64(tier)
      self.module = module
      self.hash = hash
    }

    var nameOffset: Int { Int(packed >> 24) }
    var nameBytes: Int { Int(packed >> 11) & Self.freeMark }
    var source: UInt8 { UInt8(truncatingIfNeeded: packed >> 8) & 7 }
    var tier: UInt8 { UInt8(truncatingIfNeeded: packed) }

    /// Value of `nameBytes` for a number that was released.
    private static let freeMark = 1 << 13 - 1
    var isFree: Bool { nameBytes == Self.freeMark }

    mutating func moveName(to offset: Int) { packed = UInt64(offset) << 24 | packed & 0xff_ffff }
    mutating func free() { packed |= UInt64(Self.freeMark) << 11 }
  }

  static let nameBytesMax = 4096
  private static let heapChunkBits = 20

  private let entries = Slab<Entry>()
  // One thread at a time uses a table, and nothing is called back: run-time checks of access would
  // cost a quarter of an insertion.
  @exclusivity(unchecked) private var heap: [UnsafeMutableRawPointer] = []
  @exclusivity(unchecked) private var heapEnd = 0
  @exclusivity(unchecked) private var slots: [UInt32] = Array(repeating: .max, count: 1024)
  /// Names come from the traced programs, which cannot predict the seed and so cannot cause
  /// collisions.
  private let seed = UInt64.random(in: .min ... .max)

  deinit {
    for chunk in heap { chunk.deallocate() }
  }

  /// Upper bound of the numbers: all symbols' numbers are less than this.
  var count: Int { entries.count }
  /// Number of known symbols.
  var countInUse: Int { entries.countInUse }

  var memoryBytes: Int {
    entries.memoryBytes + heap.count << Self.heapChunkBits + slots.count * 4
  }

  /// Number of symbols by source.
  var countsBySource: [SymbolSource: UInt64] {
    var counts = [UInt64](repeating: 0, count: 256)
    for symbol in 0..<entries.count { counts[Int(entries[symbol].source)] += 1 }
    return Dictionary(
      uniqueKeysWithValues: SymbolSource.allCases.compactMap { source in
        let count = counts[Int(source.rawValue)]
        return count > 0 ? (source, count) : nil
      })
  }

  subscript(symbol: UInt32) -> Entry { entries[Int(symbol)] }

  func name(_ entry: Entry) -> UnsafeRawBufferPointer { name(entry, in: heap) }

  private func name(
    _ entry: Entry, in heap: [UnsafeMutableRawPointer]
  ) -> UnsafeRawBufferPointer {
    // An empty name may point past the last chunk, and a forgotten one has no chunk.
    guard entry.nameBytes > 0, !entry.isFree else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    let offset = entry.nameOffset
    let chunk = heap[offset >> Self.heapChunkBits]
    return UnsafeRawBufferPointer(
      start: chunk + (offset & (1 << Self.heapChunkBits - 1)), count: entry.nameBytes)
  }

  /// Returns the symbol with this name, creating it if it is new. Names beyond the limit are cut.
  func intern(
    _ wholeName: UnsafeRawBufferPointer, module: UInt32, source: SymbolSource, tier: UInt8 = 0
  ) -> UInt32 {
    let name = Self.cut(wholeName)
    let salt = UInt64(module) << 16 | UInt64(source.rawValue) << 8 | UInt64(tier)
    let hash = Self.hash(name, seed ^ salt)
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while slots[slot] != .max {
      let known = entries[Int(slots[slot])]
      if known.hash == hash, known.module == module, known.source == source.rawValue,
        known.tier == tier, known.nameBytes == name.count,
        Self.areEqual(self.name(known), name)
      {
        return slots[slot]
      }
      slot = (slot + 1) & mask
    }
    let entry = Entry(
      nameOffset: keep(name), nameBytes: name.count, module: module, hash: hash,
      source: source.rawValue, tier: tier)
    let symbol = UInt32(entries.append(entry))
    slots[slot] = symbol
    if entries.countInUse * 2 > slots.count { rehash(slots.count * 2) }
    return symbol
  }

  /// Compares two names of the same length.
  private static func areEqual(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard let first = a.baseAddress, let second = b.baseAddress else { return true }
    return memcmp(first, second, a.count) == 0
  }

  func intern(
    _ name: String, module: UInt32, source: SymbolSource, tier: UInt8 = 0
  ) -> UInt32 {
    var name = name
    return name.withUTF8 {
      intern(UnsafeRawBufferPointer($0), module: module, source: source, tier: tier)
    }
  }

  /// Returns the name's beginning, which ends with a whole character.
  private static func cut(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard name.count > nameBytesMax else { return name }
    var end = nameBytesMax
    while end > nameBytesMax - 4, name[end] & 0xc0 == 0x80 { end -= 1 }
    return UnsafeRawBufferPointer(rebasing: name[..<end])
  }

  private func keep(_ name: UnsafeRawBufferPointer) -> Int {
    guard let base = name.baseAddress, name.count > 0 else { return 0 }
    let size = 1 << Self.heapChunkBits
    if heapEnd + name.count > heap.count * size {
      heapEnd = heap.count * size
      heap.append(.allocate(byteCount: size, alignment: 8))
    }
    let offset = heapEnd
    (heap[offset >> Self.heapChunkBits] + (offset & (size - 1)))
      .copyMemory(from: base, byteCount: name.count)
    heapEnd += name.count
    return offset
  }

  private func rehash(_ slotCount: Int) {
    var wider = [UInt32](repeating: .max, count: slotCount)
    let mask = wider.count - 1
    for symbol in 0..<entries.count where !entries[symbol].isFree {
      var slot = Int(entries[symbol].hash) & mask
      while wider[slot] != .max { slot = (slot + 1) & mask }
      wider[slot] = UInt32(symbol)
    }
    slots = wider
  }

  /// Forgets the symbols for which `isKept` returns false and frees their memory. The others keep
  /// their numbers; released numbers are reused.
  ///
  /// - Cost: copies the names that are kept.
  func forget(keeping isKept: (UInt32) -> Bool) {
    let old = heap
    heap = []
    heapEnd = 0
    for symbol in 0..<entries.count where !entries[symbol].isFree {
      if isKept(UInt32(symbol)) {
        let name = name(entries[symbol], in: old)
        entries[symbol].moveName(to: keep(name))
      } else {
        entries[symbol].free()
        entries.release(symbol)
      }
    }
    for chunk in old { chunk.deallocate() }
    var slotCount = 1024
    while slotCount < entries.countInUse * 4 { slotCount *= 2 }
    rehash(slotCount)
  }

  private static func hash(_ bytes: UnsafeRawBufferPointer, _ salt: UInt64) -> UInt32 {
    var hash = salt &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(bytes.count)
    var offset = 0
    while offset + 8 <= bytes.count {
      hash = mix(hash ^ bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var rest: UInt64 = 0
    while offset < bytes.count {
      rest = rest << 8 | UInt64(bytes[offset])
      offset += 1
    }
    return UInt32(truncatingIfNeeded: mix(hash ^ rest) >> 32)
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0x9fb2_1c65_1e98_df25)
    return product.high ^ product.low
  }
}
