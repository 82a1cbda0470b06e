/// How often something was seen, and how much it stands for (CPU time in nanoseconds, bytes …).
public struct StackMetric: Hashable, Sendable {
  public var count: UInt64
  public var weight: UInt64

  @inlinable
  public init(count: UInt64 = 0, weight: UInt64 = 0) {
    self.count = count
    self.weight = weight
  }

  /// Both together; sums of a hostile file may wrap.
  @inlinable
  public static func &+ (a: StackMetric, b: StackMetric) -> StackMetric {
    StackMetric(count: a.count &+ b.count, weight: a.weight &+ b.weight)
  }

  /// Adds to a sum.
  @inlinable
  public static func &+= (a: inout StackMetric, b: StackMetric) { a = a &+ b }
}

/// Stacks that share their callers: a node is a frame below the node that called it.
///
/// Node 0 is the root, which is no frame. A node comes after its parent, so a pass in order sees
/// callers first, and a pass in reverse callees first.
///
/// - Guarantee: at most ``nodesMax`` nodes; what is deeper then counts at the last caller that has
///   a node, and ``isCut`` says so.
/// - Cost: 28 bytes a node, and up to 16 for one that has siblings; a look-up of a child is a
///   comparison, or for a sibling one probe of a hash table.
public struct StackTree: Sendable {
  /// A node's position in the tree.
  public typealias Node = Int

  public static let root: Node = 0
  /// Numbers have 23 bits.
  public static let nodesMax = 6 << 20

  public private(set) var parents: [UInt32] = [0]
  /// Of each node; the root's means nothing.
  public private(set) var frames: [FrameID] = [FrameID(rawValue: .max)]
  /// What was seen with this very stack.
  public private(set) var exclusive: [StackMetric] = [StackMetric()]
  /// Whether there were more different stacks than nodes.
  public private(set) var isCut = false

  private let nodeLimit: Int
  /// Of each node its first child, 0 where there is none. Most nodes have no other, and a stack's
  /// nodes were mostly made one after the other: they lie beside each other.
  private var firstChildren: [UInt32] = [0]
  private var siblingCount = 0
  /// The other children. Open addressing: node numbers with some of their hashes' bits above them,
  /// so that most slots of other nodes need no look at the node; 0 for an empty slot.
  private var slots: [UInt32]
  private static let numberMask: UInt32 = 1 << 23 - 1
  /// Files choose the frames; they do not know this.
  private let seed: UInt64

  public init() { self.init(nodeLimit: Self.nodesMax) }

  init(nodeLimit: Int) {
    self.nodeLimit = min(nodeLimit, Self.nodesMax)
    seed = UInt64.random(in: .min ... .max) | 1
    slots = [UInt32](repeating: 0, count: 1024)
  }

  /// A tree without nodes, with room for those of another.
  init(likeNodesOf other: StackTree) {
    self.init(nodeLimit: other.count)
    isCut = other.isCut
    parents.reserveCapacity(other.count)
    frames.reserveCapacity(other.count)
    exclusive.reserveCapacity(other.count)
    firstChildren.reserveCapacity(other.count)
    slots = [UInt32](repeating: 0, count: other.slots.count)
  }

  public var count: Int { parents.count }

  /// The node of `frame` called by `parent`, made when it is new.
  public mutating func child(of parent: Node, _ frame: FrameID) -> Node {
    let first = Int(firstChildren[parent])
    guard first != 0 else {
      let node = append(frame, below: parent)
      if node != parent { firstChildren[parent] = UInt32(node) }
      return node
    }
    return frames[first] == frame ? first : sibling(parent, frame)
  }

  /// A child that is not its parent's first.
  private mutating func sibling(_ parent: Node, _ frame: FrameID) -> Node {
    let hash = hash(parent, frame)
    let tag = Self.tag(hash)
    var slot = hash & (slots.count &- 1)
    while slots[slot] != 0 {
      if slots[slot] & ~Self.numberMask == tag {
        let node = Int(slots[slot] & Self.numberMask)
        if parents[node] == UInt32(truncatingIfNeeded: parent), frames[node] == frame {
          return node
        }
      }
      slot = (slot &+ 1) & (slots.count &- 1)
    }
    let node = append(frame, below: parent)
    guard node != parent else { return node }
    slots[slot] = UInt32(node) | tag
    siblingCount += 1
    if siblingCount * 2 > slots.count { grow() }
    return node
  }

  /// A new node; the parent if there may be no more.
  private mutating func append(_ frame: FrameID, below parent: Node) -> Node {
    guard count < nodeLimit else {
      isCut = true
      return parent
    }
    parents.append(UInt32(parent))
    frames.append(frame)
    firstChildren.append(0)
    exclusive.append(StackMetric())
    return count - 1
  }

  /// Brings what was seen with a node's stack into the processor's caches. What it gives means
  /// nothing.
  @inline(__always)
  func approach(_ node: Node) -> UInt64 { node < exclusive.count ? exclusive[node].count : 0 }

  /// Adds to what was seen with a node's stack.
  public mutating func add(_ metric: StackMetric, at node: Node) { exclusive[node] &+= metric }

  /// Adds another tree, whose frames `frame` gives numbers of this one's.
  ///
  /// - Cost: a look-up a node of the other.
  mutating func add(_ other: StackTree, _ frame: (FrameID) -> FrameID) {
    add(other.exclusive[Self.root], at: Self.root)
    var nodes = [UInt32](repeating: 0, count: other.count)
    for node in 1..<max(other.count, 1) {
      let parent = Int(nodes[Int(other.parents[node])])
      let child = child(of: parent, frame(other.frames[node]))
      nodes[node] = UInt32(child)
      add(other.exclusive[node], at: child)
    }
    isCut = isCut || other.isCut
  }

  @inline(__always)
  private func hash(_ parent: Node, _ frame: FrameID) -> Int {
    let key = UInt64(truncatingIfNeeded: parent) << 32 | UInt64(frame.rawValue)
    let product = (key ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: seed)
    return Int(truncatingIfNeeded: product.high ^ product.low)
  }

  @inline(__always)
  private static func tag(_ hash: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: hash >> 32) & ~numberMask
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt32](repeating: 0, count: old.count * 2)
    let mask = slots.count - 1
    for known in old where known != 0 {
      let node = Int(known & Self.numberMask)
      var slot = hash(Int(parents[node]), frames[node]) & mask
      while slots[slot] != 0 { slot = (slot &+ 1) & mask }
      slots[slot] = known
    }
  }

  /// The frames from the root to `node`.
  public func path(to node: Node) -> [FrameID] {
    var path: [FrameID] = []
    var node = node
    while node != Self.root {
      path.append(frames[node])
      node = Int(parents[node])
    }
    return path.reversed()
  }

  /// Of each node: what was seen with its stack, or with one that it began.
  public func inclusive() -> [StackMetric] {
    var sums = exclusive
    for node in stride(from: count - 1, to: 0, by: -1) { sums[Int(parents[node])] &+= sums[node] }
    return sums
  }
}
