/// A cache of recent stacks: maps a hash of all addresses of a stack to the stack's number. Most
/// stacks of a program have occurred before.
///
/// - Guarantee: at most 6 MB. Two stacks are confused only if they have the same depth, the same
///   innermost frame, and the same 64-bit hash under secret keys.
/// - Cost: one multiplication per two addresses, and usually a single cache miss, whereas a walk
///   from caller to callee has one per frame.
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
    var innermost: UInt64
    var count: UInt32
  }

  private static let bitsMin = 10
  private static let bitsMax = 18

  private var entries = GrowingBuffer<Entry>(capacity: 1 << bitsMin)
  private var mask = 1 << bitsMin - 1
  /// Number of stacks replaced since the table was created.
  private var displaced = 0
  /// Every bit of each key depends on all bits of the seed, so small seeds give good keys, too.
  private let keys: (UInt64, UInt64, UInt64)

  /// - Parameter seed: must be unknown to any party that chooses the addresses.
  init(seed: UInt64) {
    var generator = SplitMix(state: seed)
    keys = (generator.next(), generator.next(), generator.next())
    forget()
  }

  /// Creates the key of a stack of one frame or more, innermost first.
  @inline(__always)
  func key(_ frames: UnsafePointer<UInt64>, _ count: Int) -> Key {
    var hash = keys.0
    var position = 0
    while position &+ 1 < count {
      hash = mix(frames[position] ^ hash, frames[position &+ 1] ^ keys.1)
      position &+= 2
    }
    if position < count { hash = mix(frames[position] ^ hash, keys.2) }
    return Key(
      hash: mix(hash, keys.1), innermost: frames[0], count: UInt32(truncatingIfNeeded: count))
  }

  @inline(__always)
  private func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// Returns the node stored under the key; 0 if none.
  @inline(__always)
  func node(_ key: Key) -> UInt32 {
    let entry = entries.base + (Int(truncatingIfNeeded: key.hash) & mask)
    return entry.pointee.key == key ? entry.pointee.node : 0
  }

  /// Stores a stack, replacing the previous entry in its place.
  mutating func keep(_ node: UInt32, _ key: Key) {
    let place = Int(truncatingIfNeeded: key.hash) & mask
    if entries.base[place].node != 0 { displaced += 1 }
    entries.base[place] = Entry(key: key, node: node)
    if displaced > mask / 2, mask + 1 < 1 << Self.bitsMax { grow() }
  }

  private mutating func grow() {
    let oldCount = mask + 1
    var kept = GrowingBuffer<Entry>(capacity: oldCount)
    for place in 0..<oldCount where entries.base[place].node != 0 {
      kept.append(entries.base[place])
    }
    entries = GrowingBuffer<Entry>(capacity: oldCount * 4)
    mask = oldCount * 4 - 1
    forget()
    for index in 0..<kept.count {
      entries.base[Int(truncatingIfNeeded: kept.base[index].key.hash) & mask] = kept.base[index]
    }
  }

  /// Removes all stacks.
  mutating func forget() {
    let none = Entry(key: Key(hash: 0, innermost: 0, count: 0), node: 0)
    entries.base.update(repeating: none, count: mask + 1)
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
