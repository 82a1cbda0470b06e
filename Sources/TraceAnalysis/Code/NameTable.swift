internal import TraceEvents

/// Symbols by name, module, source and tier, with their names' bytes in one heap.
///
/// - Cost: 24 bytes and the name a symbol, and 4 to 8 for the table that finds it again.
final class NameTable {
  struct Entry: BitwiseCopyable {
    /// Where the name lies in the heap, and its length.
    var nameOffset: UInt64
    var nameBytes: UInt32
    var module: UInt32
    var hash: UInt32
    var source: UInt8
    var tier: UInt8
  }

  static let nameBytesMax = 4096
  private static let heapChunkBits = 20

  private let entries = Slab<Entry>()
  private var heap: [UnsafeMutableRawPointer] = []
  private var heapEnd = 0
  private var slots: [UInt32] = Array(repeating: .max, count: 1024)
  /// Names are the traced programs': none can choose them so that they meet in one slot.
  private let seed = UInt64.random(in: .min ... .max)

  deinit {
    for chunk in heap { chunk.deallocate() }
  }

  var count: Int { entries.count }

  var memoryBytes: Int {
    entries.memoryBytes + heap.count << Self.heapChunkBits + slots.count * 4
  }

  /// Symbols by what they were learnt from.
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

  func name(_ entry: Entry) -> UnsafeRawBufferPointer {
    guard entry.nameBytes > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let offset = Int(entry.nameOffset)
    let chunk = heap[offset >> Self.heapChunkBits]
    return UnsafeRawBufferPointer(
      start: chunk + (offset & (1 << Self.heapChunkBits - 1)), count: Int(entry.nameBytes))
  }

  /// The symbol with this name, new or known. A name beyond the limit is cut.
  func intern(
    _ wholeName: UnsafeRawBufferPointer, module: UInt32, source: SymbolSource, tier: UInt8 = 0
  ) -> UInt32 {
    let name = UnsafeRawBufferPointer(rebasing: wholeName.prefix(Self.nameBytesMax))
    let salt = UInt64(module) << 16 | UInt64(source.rawValue) << 8 | UInt64(tier)
    let hash = Self.hash(name, seed ^ salt)
    let mask = slots.count - 1
    var slot = Int(hash) & mask
    while slots[slot] != .max {
      let known = entries[Int(slots[slot])]
      if known.hash == hash, known.module == module, known.source == source.rawValue,
        known.tier == tier, Int(known.nameBytes) == name.count,
        self.name(known).elementsEqual(name)
      {
        return slots[slot]
      }
      slot = (slot + 1) & mask
    }
    let entry = Entry(
      nameOffset: UInt64(keep(name)), nameBytes: UInt32(name.count), module: module, hash: hash,
      source: source.rawValue, tier: tier)
    let symbol = UInt32(entries.append(entry))
    slots[slot] = symbol
    if entries.count * 2 > slots.count { widen() }
    return symbol
  }

  func intern(
    _ name: String, module: UInt32, source: SymbolSource, tier: UInt8 = 0
  ) -> UInt32 {
    var name = name
    return name.withUTF8 {
      intern(UnsafeRawBufferPointer($0), module: module, source: source, tier: tier)
    }
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

  private func widen() {
    var wider = [UInt32](repeating: .max, count: slots.count * 2)
    let mask = wider.count - 1
    for symbol in 0..<entries.count {
      var slot = Int(entries[symbol].hash) & mask
      while wider[slot] != .max { slot = (slot + 1) & mask }
      wider[slot] = UInt32(symbol)
    }
    slots = wider
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
