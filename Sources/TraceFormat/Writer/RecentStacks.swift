/// The numbers of whole stacks that came lately, by a hash of all their addresses: most stacks of a
/// program have come before.
///
/// - Guarantee: at most 6 MB. A stack is taken for another only if both have the same depth, the
///   same innermost frame, and the same 64 bits of a hash whose keys nobody else knows.
/// - Cost: a multiplication for two addresses, and mostly one access to memory that is not in the
///   processor's caches, where a walk from caller to callee has one for each frame.
struct RecentStacks: ~Copyable {
  // Not private: the 6.3 compiler breaks on a private type in a buffer.
  struct Entry {
    var key: Key
    /// The stack's node; 0 in an entry that is not used.
    var node: UInt32
  }

  /// What a stack is known by.
  struct Key: Equatable {
    var hash: UInt64
    var innermost: UInt64
    var count: UInt32
  }

  private static let bitsMin = 10
  private static let bitsMax = 18

  private var entries = GrowingBuffer<Entry>(capacity: 1 << bitsMin)
  private var mask = 1 << bitsMin - 1
  /// Stacks whose place another has taken since the table was made.
  private var displaced = 0
  /// All bits of each depend on all of the seed: small seeds make good keys, too.
  private let keys: (UInt64, UInt64, UInt64)

  /// - Parameter seed: not known to those who choose the addresses.
  init(seed: UInt64) {
    var generator = SplitMix(state: seed)
    keys = (generator.next(), generator.next(), generator.next())
    forget()
  }

  /// Of a stack of one frame or more, innermost first.
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

  /// The node that was kept with the key; 0 for none.
  @inline(__always)
  func node(_ key: Key) -> UInt32 {
    let entry = entries.base + (Int(truncatingIfNeeded: key.hash) & mask)
    return entry.pointee.key == key ? entry.pointee.node : 0
  }

  /// Keeps a stack, in the place of what was there.
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

  /// Forgets all stacks.
  mutating func forget() {
    let none = Entry(key: Key(hash: 0, innermost: 0, count: 0), node: 0)
    entries.base.update(repeating: none, count: mask + 1)
    displaced = 0
  }
}

/// Steele's generator: turns one number into others.
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
