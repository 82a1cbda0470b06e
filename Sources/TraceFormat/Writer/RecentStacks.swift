/// The numbers of whole stacks that came lately, by a hash of all their addresses: most stacks of a
/// program have come before.
///
/// - Guarantee: at most 4 MB. A stack is taken for another only when 64 bits of their seeded hashes
///   are the same: once in 2⁶⁴ look-ups, whatever the addresses are.
/// - Cost: a multiplication for two addresses, and mostly one access to memory that is not in the
///   processor's caches, where a walk from caller to callee has one for each frame.
struct RecentStacks: ~Copyable {
  // Not private: the 6.3 compiler breaks on a private type in a buffer.
  struct Entry {
    var hash: UInt64
    /// The stack's node; 0 in an entry that is not used.
    var node: UInt32
  }

  private static let bitsMin = 10
  private static let bitsMax = 18

  private var entries = GrowingBuffer<Entry>(capacity: 1 << bitsMin)
  private var mask = 1 << bitsMin - 1
  /// Stacks whose place another has taken since the table was made.
  private var displaced = 0
  private let seed: UInt64

  /// - Parameter seed: not known to those who choose the addresses.
  init(seed: UInt64) {
    self.seed = seed
    forget()
  }

  /// Of all of a stack's addresses, and how many they are.
  @inline(__always)
  func hash(_ frames: UnsafePointer<UInt64>, _ count: Int) -> UInt64 {
    var hash = seed ^ UInt64(truncatingIfNeeded: count)
    var position = 0
    while position &+ 1 < count {
      hash = mix(frames[position] ^ hash, frames[position &+ 1] ^ seed)
      position &+= 2
    }
    if position < count { hash = mix(frames[position] ^ hash, seed) }
    return mix(hash, seed ^ 0x9e37_79b9_7f4a_7c15)
  }

  @inline(__always)
  private func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }

  /// The node that was kept with the hash; 0 for none.
  @inline(__always)
  func node(_ hash: UInt64) -> UInt32 {
    let entry = entries.base + (Int(truncatingIfNeeded: hash) & mask)
    return entry.pointee.hash == hash ? entry.pointee.node : 0
  }

  /// Keeps a stack, in the place of what was there.
  mutating func keep(_ node: UInt32, _ hash: UInt64) {
    let place = Int(truncatingIfNeeded: hash) & mask
    if entries.base[place].node != 0 { displaced += 1 }
    entries.base[place] = Entry(hash: hash, node: node)
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
      entries.base[Int(truncatingIfNeeded: kept.base[index].hash) & mask] = kept.base[index]
    }
  }

  /// Forgets all stacks.
  mutating func forget() {
    entries.base.update(repeating: Entry(hash: 0, node: 0), count: mask + 1)
    displaced = 0
  }
}
