/// The calling-context tree: one node for each distinct pair of caller's node and address, so that
/// stacks share their common callers.
///
/// Nodes are numbered in order of creation, callers first. A stack's number is that of its
/// innermost frame. Memory is bounded: a full table is cleared and begins a new epoch, in which
/// recurring frames get new numbers. Numbers are never reused within a file, and callers are always
/// in the same epoch.
///
/// - Cost: a recent stack is one lookup, see ``RecentStacks``. For another stack, the outer frames
///   that it shares with the preceding stack are found by comparison, and so is a later frame that
///   is its caller's first callee; each remaining frame is one lookup.
struct StackTable: ~Copyable {
  /// The stacks of a long-running program must fit, or else they are written, and inserted by
  /// readers, repeatedly. About 30 MB when full.
  static let nodesMax = FileLayout.nodesPerEpochMax
  private static let slotsMin = 4096
  private static let positionMask: UInt32 = 1 << 21 - 1

  /// The data for a step from caller to callee, kept together because a step usually misses the
  /// caches.
  // Not private: the 6.3 compiler fails on a private type in a buffer.
  struct Node {
    var address: UInt64
    /// Position of the caller + 1; 0 if there is none.
    var parent: UInt32
    /// Position of the first child + 1; 0 if there is none. Most nodes have no other child, and a
    /// stack's nodes are adjacent.
    var firstChild: UInt32 = 0
  }

  private var nodes = GrowingBuffer<Node>(capacity: 1024)
  /// Hash table of positions + 1 for outermost frames and for children other than the first; at
  /// most half full. The unused high bits hold hash bits, so that most other nodes are rejected
  /// without access.
  private var slots = GrowingBuffer<UInt32>(capacity: slotsMin)
  private var slotMask = slotsMin - 1
  private var slotsUsed = 0
  /// Number of the epoch's first node.
  private(set) var epoch: UInt32 = 1
  /// Number of nodes already written to the file.
  private var writtenCount = 0
  /// Addresses and nodes of the stack interned last, outermost frame first.
  private var lastAddresses = GrowingBuffer<UInt64>(capacity: 128)
  private var lastNodes = GrowingBuffer<UInt32>(capacity: 128)
  private var recent: RecentStacks
  private let seed: UInt64

  /// The number of nodes at which the table is full.
  private let limit: Int

  /// - Parameter limit: a stack of the greatest depth fits in any case.
  init(seed: UInt64, limit: Int = nodesMax) {
    self.limit = min(max(limit, FileLayout.stackFramesMax), Self.nodesMax)
    self.seed = seed | 1
    recent = RecentStacks(seed: seed)
    slots.base.update(repeating: 0, count: Self.slotsMin)
  }

  var hasPending: Bool { nodes.count > writtenCount }
  /// Number of nodes that have not been written to a block yet.
  var pendingCount: Int { nodes.count - writtenCount }

  /// Whether a stack of `frameCount` frames might not fit.
  func isFull(adding frameCount: Int) -> Bool { nodes.count + frameCount > limit }

  /// Whether the pending nodes and a stack of `frameCount` frames might not fit in a block.
  func isDue(adding frameCount: Int) -> Bool {
    pendingCount + frameCount > FileLayout.nodesPerBlockMax
  }

  /// Returns the number of a stack, whose addresses are given innermost first. Returns 0 for an
  /// empty stack, and if all numbers are used up.
  mutating func intern(_ frames: UnsafePointer<UInt64>, _ count: Int) -> UInt32 {
    guard count > 0, UInt64(epoch) + UInt64(nodes.count + count) < UInt64(StackID.lost.rawValue)
    else { return 0 }
    let key = recent.key(frames, count)
    var node = recent.node(key)
    if node == 0 {
      node = innermost(frames, count)
      recent.keep(node, key)
    }
    return epoch &+ (node &- 1)
  }

  /// Returns the position + 1 of the node of a stack's innermost frame, creating missing nodes.
  private mutating func innermost(_ frames: UnsafePointer<UInt64>, _ count: Int) -> UInt32 {
    let outermost = frames + (count - 1)
    var depth = 0
    let shared = min(count, lastAddresses.count)
    let known = lastAddresses.base
    while depth < shared, outermost[-depth] == known[depth] { depth &+= 1 }
    var node = depth > 0 ? lastNodes.base[depth &- 1] : 0
    if depth < count {
      lastAddresses.reserve(count)
      lastNodes.reserve(count)
      while depth < count {
        let address = outermost[-depth]
        node = child(of: node, address)
        lastAddresses.base[depth] = address
        lastNodes.base[depth] = node
        depth &+= 1
      }
      lastAddresses.count = count
      lastNodes.count = count
    }
    return node
  }

  /// Returns the node of `address` called by `parent`, creating it if necessary. Both nodes are
  /// given as position + 1.
  @inline(__always)
  private mutating func child(of parent: UInt32, _ address: UInt64) -> UInt32 {
    guard parent != 0 else { return sibling(parent, address) }
    let first = nodes.base[Int(parent) &- 1].firstChild
    if first == 0 {
      let node = append(parent, address)
      nodes.base[Int(parent) &- 1].firstChild = node
      return node
    }
    return nodes.base[Int(first) &- 1].address == address ? first : sibling(parent, address)
  }

  private mutating func sibling(_ parent: UInt32, _ address: UInt64) -> UInt32 {
    let hash = hash(parent, address)
    let tag = Self.tag(hash)
    var slot = hash & slotMask
    while true {
      let known = slots.base[slot]
      if known == 0 { break }
      if known & ~Self.positionMask == tag {
        let node = known & Self.positionMask
        let found = nodes.base + (Int(node) &- 1)
        if found.pointee.address == address, found.pointee.parent == parent { return node }
      }
      slot = (slot &+ 1) & slotMask
    }
    let node = append(parent, address)
    slots.base[slot] = node | tag
    slotsUsed += 1
    if slotsUsed * 2 > slotMask { growSlots() }
    return node
  }

  private mutating func append(_ parent: UInt32, _ address: UInt64) -> UInt32 {
    nodes.append(Node(address: address, parent: parent))
    return UInt32(nodes.count)
  }

  /// The hash is seeded so that a hostile program, which chooses the addresses, cannot choose
  /// collisions.
  @inline(__always)
  private func hash(_ parent: UInt32, _ address: UInt64) -> Int {
    let product = (address ^ seed).multipliedFullWidth(
      by: (UInt64(parent) &* 0x9e37_79b9_7f4a_7c15) ^ seed)
    return Int(truncatingIfNeeded: product.high ^ product.low)
  }

  @inline(__always)
  private static func tag(_ hash: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: hash &>> 32) & ~positionMask
  }

  private mutating func growSlots() {
    let old = slotMask + 1
    let larger = old * 4
    var known = GrowingBuffer<UInt32>(capacity: slotsUsed)
    for slot in 0..<old where slots.base[slot] != 0 { known.append(slots.base[slot]) }
    slots = GrowingBuffer<UInt32>(capacity: larger)
    slots.base.update(repeating: 0, count: larger)
    slotMask = larger - 1
    for index in 0..<known.count {
      let node = nodes[Int(known.base[index] & Self.positionMask) - 1]
      var slot = hash(node.parent, node.address) & slotMask
      while slots.base[slot] != 0 { slot = (slot &+ 1) & slotMask }
      slots.base[slot] = known.base[index]
    }
  }

  /// Writes the pending nodes to a block. Returns the number of the last one.
  mutating func encodePending(
    into target: inout GrowingBuffer<UInt8>, with encoder: inout ColumnEncoder
  ) -> UInt32 {
    let count = pendingCount
    var values = GrowingBuffer<UInt64>(capacity: count)
    target.append(varint: UInt64(epoch) + UInt64(writtenCount))
    target.append(varint: UInt64(count))
    for position in writtenCount..<nodes.count {
      let parent = Int(nodes[position].parent)
      values.append(parent == 0 ? 0 : UInt64(position + 1 - parent))
    }
    encoder.encode(values.base, count: count, hint: .skewed, into: &target)
    var siblings = SiblingTable(count: count)
    values.count = 0
    for position in writtenCount..<nodes.count {
      let node = nodes[position]
      values.append(siblings.difference(parent: node.parent, address: node.address))
    }
    encoder.encode(values.base, count: count, hint: .skewed, into: &target)
    writtenCount = nodes.count
    return epoch + UInt32(writtenCount) - 1
  }

  /// Begins a new epoch with an empty table. No nodes may be pending.
  mutating func forget() {
    precondition(!hasPending)
    slots.base.update(repeating: 0, count: slotMask + 1)
    slotsUsed = 0
    epoch += UInt32(nodes.count)
    nodes.count = 0
    writtenCount = 0
    lastAddresses.count = 0
    lastNodes.count = 0
    recent.forget()
  }
}
