/// The address of each parent's last child within a block of stacks. The next child's address is
/// stored as a difference from it, because most calls from one place lead into one function.
struct SiblingTable: ~Copyable {
  // Not private: the 6.3 compiler fails on a private type in a buffer.
  struct Entry {
    /// The parent + 1; 0 in an empty slot.
    var parent: UInt64
    var address: UInt64
  }

  private var entries: GrowingBuffer<Entry>
  private let mask: Int
  /// The hash is seeded so that a file, which chooses the parents, cannot choose collisions.
  private let seed = UInt64.random(in: .min ... .max) | 1
  /// The preceding node, which is the expected address of a parent's first child.
  private var previous: UInt64 = 0

  /// Creates a table for a block of `count` nodes.
  init(count: Int) {
    var capacity = 16
    while capacity < count * 2 { capacity *= 2 }
    mask = capacity - 1
    entries = GrowingBuffer(capacity: capacity)
    entries.base.update(repeating: Entry(parent: 0, address: 0), count: capacity)
  }

  /// Returns the stored form of a child of `parent`, and records the child as the parent's last.
  @inline(__always)
  mutating func difference(parent: UInt32, address: UInt64) -> UInt64 {
    let slot = slot(parent)
    let difference = zigzag(address &- entries.base[slot].address)
    entries.base[slot].address = address
    previous = address
    return difference
  }

  /// Returns the address of a child of `parent` from its stored form, and records the child as the
  /// parent's last.
  @inline(__always)
  mutating func address(parent: UInt32, difference: UInt64) -> UInt64 {
    let slot = slot(parent)
    let address = entries.base[slot].address &+ unzigzag(difference)
    entries.base[slot].address = address
    previous = address
    return address
  }

  @inline(__always)
  private mutating func slot(_ parent: UInt32) -> Int {
    let key = UInt64(parent) + 1
    let product = (key ^ seed).multipliedFullWidth(by: seed)
    var slot = Int(truncatingIfNeeded: product.high ^ product.low) & mask
    while entries.base[slot].parent != key {
      if entries.base[slot].parent == 0 {
        entries.base[slot] = Entry(parent: key, address: previous)
        break
      }
      slot = (slot &+ 1) & mask
    }
    return slot
  }
}
