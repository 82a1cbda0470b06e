/// A cache of recent stacks: maps a hash of all addresses of a stack to the stack's number. Most
/// stacks of a program have occurred before.
///
/// - Guarantee: at most 4 MB. Two stacks are confused only if they have the same depth and the same
///   82-bit hash under secret keys.
/// - Cost: one multiplication per two addresses, in two independent chains, and usually a single
///   cache miss, whereas a walk from caller to callee has one per frame.
struct RecentStacks: ~Copyable {
  // Not private: the 6.3 compiler fails on a private type in a buffer.
  struct Entry {
    var key: Key
    /// The stack's node; 0 in an unused entry.
    var node: UInt32
  }

  /// The identity of a stack in the table.
  struct Key: Equatable {
    var hash: UInt64
    /// Bits 0-13 are the depth, 14-31 further bits of the hash.
    var check: UInt32
  }

  /// A stack may be in any entry of its bucket, which is a cache line.
  private static let ways = 4
  private static let bucketBitsMin = 8
  private static let bucketBitsMax = 16
  private static let depthBits: UInt32 = 14

  private var memory: GrowingBuffer<Entry>
  /// The first bucket, at the first cache line of `memory`.
  private var entries: UnsafeMutablePointer<Entry>
  /// Number of buckets - 1.
  private var mask: Int
  /// Number of stacks replaced since the table had its size.
  private var displaced = 0
  /// Every bit of each key depends on all bits of the seed, so small seeds give good keys, too.
  private let keys: (UInt64, UInt64, UInt64, UInt64)

  /// - Parameter seed: must be unknown to any party that chooses the addresses.
  init(seed: UInt64) {
    var generator = SplitMix(state: seed)
    keys = (generator.next(), generator.next(), generator.next(), generator.next())
    mask = 1 << Self.bucketBitsMin - 1
    memory = Self.makeMemory(buckets: mask + 1)
    entries = Self.firstLine(memory)
    forget()
  }

  private static func makeMemory(buckets: Int) -> GrowingBuffer<Entry> {
    GrowingBuffer(capacity: (buckets + 1) * ways)
  }

  private static func firstLine(_ memory: borrowing GrowingBuffer<Entry>)
    -> UnsafeMutablePointer<Entry>
  {
    UnsafeMutableRawPointer(memory.base).alignedUp(toMultipleOf: 64)
      .assumingMemoryBound(to: Entry.self)
  }

  /// Creates the key of a stack of one frame or more, innermost first.
  @inline(__always)
  func key(_ frames: UnsafePointer<UInt64>, _ count: Int) -> Key {
    var even = keys.0
    var odd = keys.1
    var position = 0
    while position &+ 3 < count {
      even = mix(frames[position] ^ even, frames[position &+ 1] ^ keys.2)
      odd = mix(frames[position &+ 2] ^ odd, frames[position &+ 3] ^ keys.3)
      position &+= 4
    }
    while position < count {
      even = mix(frames[position] ^ even, keys.2)
      position &+= 1
    }
    let product = (even ^ keys.3).multipliedFullWidth(by: odd ^ keys.2)
    let depth = UInt32(truncatingIfNeeded: count)
    let further = UInt32(truncatingIfNeeded: product.low) &<< Self.depthBits
    return Key(hash: product.high ^ product.low, check: further | depth)
  }

  @inline(__always)
  private func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  @inline(__always)
  private func bucket(_ key: Key) -> UnsafeMutablePointer<Entry> {
    entries + (Int(truncatingIfNeeded: key.hash) & mask) &* Self.ways
  }

  /// Returns the node stored under the key; 0 if none.
  @inline(__always)
  func node(_ key: Key) -> UInt32 {
    let bucket = bucket(key)
    for way in 0..<Self.ways where bucket[way].key == key { return bucket[way].node }
    return 0
  }

  /// Stores a stack. If its bucket is full, the stack replaces another one.
  mutating func keep(_ node: UInt32, _ key: Key) {
    let bucket = bucket(key)
    for way in 0..<Self.ways where bucket[way].node == 0 {
      return bucket[way] = Entry(key: key, node: node)
    }
    bucket[displaced % Self.ways] = Entry(key: key, node: node)
    displaced += 1
    if displaced > (mask + 1) / 2, mask + 1 < 1 << Self.bucketBitsMax { grow() }
  }

  private mutating func grow() {
    let oldCount = (mask + 1) * Self.ways
    var kept = GrowingBuffer<Entry>(capacity: oldCount)
    for place in 0..<oldCount where entries[place].node != 0 { kept.append(entries[place]) }
    mask = (mask + 1) * 4 - 1
    memory = Self.makeMemory(buckets: mask + 1)
    entries = Self.firstLine(memory)
    forget()
    for index in 0..<kept.count { keep(kept[index].node, kept[index].key) }
  }

  /// Removes all stacks.
  mutating func forget() {
    let none = Entry(key: Key(hash: 0, check: 0), node: 0)
    entries.update(repeating: none, count: (mask + 1) * Self.ways)
    displaced = 0
  }
}

/// Steele's generator: derives a sequence of numbers from one number.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
    return word ^ word >> 31
  }
}
