import Glibc

/// The distinct strings and blobs of a block's events of one type.
///
/// The hash is seeded so that a hostile program, which chooses the strings, cannot choose
/// collisions.
struct ColumnTexts: ~Copyable {
  private var slots = GrowingBuffer<UInt32>(capacity: 64)
  private var slotMask = 63
  private var hashes = GrowingBuffer<UInt32>(capacity: 32)
  private var offsets = GrowingBuffer<UInt32>(capacity: 32)
  private(set) var lengths = GrowingBuffer<UInt64>(capacity: 32)
  private(set) var bytes = GrowingBuffer<UInt8>(capacity: 1024)
  private let seed: UInt64

  init(seed: UInt64) {
    self.seed = seed | 1
    slots.base.update(repeating: 0, count: 64)
  }

  var count: Int { lengths.count }

  /// Memory allocated, in bytes.
  var byteCount: Int {
    slots.capacity * 4 + hashes.capacity * 8 + lengths.capacity * 8 + bytes.capacity
  }

  /// Releases the memory. The table must be empty.
  mutating func release() { self = ColumnTexts(seed: seed) }

  mutating func removeAll() {
    guard count > 0 else { return }
    slots.base.update(repeating: 0, count: slotMask + 1)
    hashes.count = 0
    offsets.count = 0
    lengths.count = 0
    bytes.count = 0
  }

  /// Returns the index of these bytes in the table, adding them if they are new.
  mutating func intern(_ start: UnsafeRawPointer, _ length: Int) -> UInt64 {
    let hash = Self.hash(start, length, seed)
    var slot = Int(hash) & slotMask
    while true {
      let entry = Int(slots.base[slot])
      if entry == 0 { break }
      let index = entry - 1
      if hashes.base[index] == hash, lengths.base[index] == UInt64(length),
        memcmp(bytes.base + Int(offsets.base[index]), start, length) == 0
      {
        return UInt64(index)
      }
      slot = (slot &+ 1) & slotMask
    }
    hashes.append(hash)
    offsets.append(UInt32(bytes.count))
    lengths.append(UInt64(length))
    bytes.append(UnsafeRawBufferPointer(start: start, count: length))
    slots.base[slot] = UInt32(count)
    if count * 2 > slotMask { growSlots() }
    return UInt64(count - 1)
  }

  private mutating func growSlots() {
    let larger = (slotMask + 1) * 4
    slots = GrowingBuffer<UInt32>(capacity: larger)
    slots.base.update(repeating: 0, count: larger)
    slotMask = larger - 1
    for index in 0..<count {
      var slot = Int(hashes[index]) & slotMask
      while slots.base[slot] != 0 { slot = (slot &+ 1) & slotMask }
      slots.base[slot] = UInt32(index + 1)
    }
  }

  /// Hashes 8 bytes per step through a 128-bit product.
  private static func hash(_ start: UnsafeRawPointer, _ length: Int, _ seed: UInt64) -> UInt32 {
    var state = seed ^ UInt64(truncatingIfNeeded: length)
    var offset = 0
    while offset + 8 <= length {
      state = mix(state ^ start.loadUnaligned(fromByteOffset: offset, as: UInt64.self), seed)
      offset += 8
    }
    var tail: UInt64 = 0
    while offset < length {
      tail = tail &<< 8 | UInt64(start.load(fromByteOffset: offset, as: UInt8.self))
      offset += 1
    }
    state = mix(state ^ tail, seed)
    return UInt32(truncatingIfNeeded: state ^ state &>> 32)
  }

  @inline(__always)
  private static func mix(_ value: UInt64, _ seed: UInt64) -> UInt64 {
    let product = (value ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: seed)
    return product.high ^ product.low
  }
}
