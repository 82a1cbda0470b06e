/// Number of events and their total weight (CPU time in nanoseconds, bytes …).
public struct StackMetric: Hashable, Sendable {
  public var count: UInt64
  public var weight: UInt64

  @inlinable
  public init(count: UInt64 = 0, weight: UInt64 = 0) {
    self.count = count
    self.weight = weight
  }

  /// Returns the sum of two metrics; sums from a malicious file may wrap.
  @inlinable
  public static func &+ (a: StackMetric, b: StackMetric) -> StackMetric {
    StackMetric(count: a.count &+ b.count, weight: a.weight &+ b.weight)
  }

  /// Adds a metric to a sum.
  @inlinable
  public static func &+= (a: inout StackMetric, b: StackMetric) { a = a &+ b }
}

/// Stacks that share their callers: each node is a frame below the node of its caller.
///
/// Node 0 is the root, which is not a frame. A node comes after its parent, so a pass in order
/// visits callers first, and a pass in reverse order visits callees first.
///
/// - Guarantee: at most ``nodesMax`` nodes. Beyond that, a stack counts at its innermost caller
///   that has a node, and ``isCut`` is set.
/// - Cost: 28 bytes per node, and up to 16 more for a node with siblings. A lookup of a child is
///   one comparison, or for a sibling one probe of a hash table.
public struct StackTree: Sendable {
  /// Index of a node in the tree.
  public typealias Node = Int

  public static let root: Node = 0
  /// Node numbers have 23 bits.
  public static let nodesMax = 6 << 20

  public private(set) var parents: [UInt32] = [0]
  /// Frame of each node; the root's has no meaning.
  public private(set) var frames: [FrameID] = [FrameID(rawValue: .max)]
  /// Metric of exactly this stack, for each node.
  public private(set) var exclusive: [StackMetric] = [StackMetric()]
  /// Whether there were more distinct stacks than nodes.
  public private(set) var isCut = false

  private let nodeLimit: Int
  /// First child of each node, 0 if there is none. Most nodes have only one child, and a stack's
  /// nodes are mostly created consecutively, so they are adjacent in memory.
  private var firstChildren: [UInt32] = [0]
  /// Number of children that are not their parents' first.
  private var siblingCount = 0
  /// Whether the hash table has all of them. ``add(_:_:)`` leaves that to the next lookup, because
  /// a merged tree is mostly only read.
  private var areSiblingsIndexed = true
  /// Open-addressing hash table of all other children: node numbers with some hash bits above them,
  /// so that most mismatches are detected without accessing the node; 0 for an empty slot.
  private var slots: [UInt32]
  private static let numberMask: UInt32 = 1 << 23 - 1
  /// Frames come from files, which cannot predict the seed.
  private let seed: UInt64

  public init() { self.init(nodeLimit: Self.nodesMax) }

  init(nodeLimit: Int) {
    self.nodeLimit = min(nodeLimit, Self.nodesMax)
    seed = UInt64.random(in: .min ... .max) | 1
    slots = [UInt32](repeating: 0, count: 1024)
  }

  /// Creates an empty tree with capacity for the nodes of another.
  init(likeNodesOf other: StackTree) {
    self.init(nodeLimit: other.count)
    isCut = other.isCut
    reserve(other.count)
    slots = [UInt32](repeating: 0, count: Self.slotCount(for: other.siblingCount))
  }

  /// Returns a power of two: at most half of the slots are used.
  private static func slotCount(for siblingCount: Int) -> Int {
    var count = 1024
    while count < siblingCount * 2 { count *= 2 }
    return count
  }

  /// Allocates memory for this many nodes.
  mutating func reserve(_ count: Int) {
    parents.reserveCapacity(count)
    frames.reserveCapacity(count)
    exclusive.reserveCapacity(count)
    firstChildren.reserveCapacity(count)
  }

  public var count: Int { parents.count }

  /// Returns the node of `frame` called by `parent`, creating it if it is new.
  public mutating func child(of parent: Node, _ frame: FrameID) -> Node {
    let first = Int(firstChildren[parent])
    guard first != 0 else {
      let node = append(frame, below: parent)
      if node != parent { firstChildren[parent] = UInt32(node) }
      return node
    }
    return frames[first] == frame ? first : sibling(parent, frame)
  }

  /// Returns a child that is not its parent's first.
  private mutating func sibling(_ parent: Node, _ frame: FrameID) -> Node {
    if !areSiblingsIndexed { indexSiblings() }
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
    if siblingCount * 2 > slots.count { indexSiblings() }
    return node
  }

  /// Appends a node; returns the parent if the limit is reached.
  private mutating func append(
    _ frame: FrameID, below parent: Node, _ metric: StackMetric = StackMetric()
  ) -> Node {
    guard count < nodeLimit else {
      isCut = true
      return parent
    }
    parents.append(UInt32(parent))
    frames.append(frame)
    firstChildren.append(0)
    exclusive.append(metric)
    return count - 1
  }

  /// Prefetches the metric of a node. The result has no meaning.
  @inline(__always)
  func approach(_ node: Node) -> UInt64 { node < exclusive.count ? exclusive[node].count : 0 }

  /// Adds to the metric of a node's stack.
  public mutating func add(_ metric: StackMetric, at node: Node) { exclusive[node] &+= metric }

  /// Replaces the metric of each node; `metric` gets the nodes in order, callers first.
  mutating func reweigh(_ metric: (Node, StackMetric) -> StackMetric) {
    for node in exclusive.indices { exclusive[node] = metric(node, exclusive[node]) }
  }

  /// Adds another tree; `frame` maps its frame ids to those of this tree, different ones to
  /// different ones. Returns the number here of each of its nodes.
  ///
  /// - Cost: one step per node of the other tree; a lookup for nodes whose parents had children
  ///   before.
  @discardableResult
  mutating func add(_ other: StackTree, _ frame: (FrameID) -> FrameID) -> [UInt32] {
    // Growing in steps would touch twice the memory.
    reserve(count + other.count)
    add(other.exclusive[Self.root], at: Self.root)
    // For each node of the other tree: its number here, and whether that node had no children, so
    // that those of the other tree are all new.
    var nodes = [UInt32](repeating: 0, count: other.count)
    let isBare: UInt32 = 1 << 31
    if firstChildren[Self.root] == 0 { nodes[Self.root] |= isBare }
    for node in 1..<max(other.count, 1) {
      let caller = nodes[Int(other.parents[node])]
      let parent = Int(caller & ~isBare)
      let own = frame(other.frames[node])
      if caller & isBare != 0 {
        let child = adopt(own, below: parent, other.exclusive[node])
        nodes[node] = UInt32(child) | isBare
      } else {
        let child = child(of: parent, own)
        nodes[node] = UInt32(child) | (firstChildren[child] == 0 ? isBare : 0)
        add(other.exclusive[node], at: child)
      }
    }
    isCut = isCut || other.isCut
    for node in nodes.indices { nodes[node] &= ~isBare }
    return nodes
  }

  /// Adds a child that the parent does not have yet.
  private mutating func adopt(
    _ frame: FrameID, below parent: Node, _ metric: StackMetric
  ) -> Node {
    let node = append(frame, below: parent, metric)
    guard node != parent else {
      add(metric, at: parent)
      return parent
    }
    if firstChildren[parent] == 0 {
      firstChildren[parent] = UInt32(node)
    } else {
      siblingCount += 1
      index(node)
    }
    return node
  }

  /// Adds a child that is not its parent's first to the hash table. If the table lacks others, it
  /// is built at the next lookup; if it has them, building it again would take a step for each.
  private mutating func index(_ node: Node) {
    areSiblingsIndexed = areSiblingsIndexed && siblingCount > 1
    guard areSiblingsIndexed else { return }
    guard siblingCount * 2 <= slots.count else { return indexSiblings() }
    let hash = hash(Int(parents[node]), frames[node])
    var slot = hash & (slots.count &- 1)
    while slots[slot] != 0 { slot = (slot &+ 1) & (slots.count &- 1) }
    slots[slot] = UInt32(node) | Self.tag(hash)
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

  /// Builds the hash table of all children that are not their parents' first.
  @inline(never)
  private mutating func indexSiblings() {
    // A table that is full grows; one that was left empty gets room for what was added.
    slots = []
    slots = [UInt32](repeating: 0, count: Self.slotCount(for: siblingCount + 1))
    areSiblingsIndexed = true
    let mask = slots.count - 1
    for node in 1..<max(count, 1) {
      let parent = Int(parents[node])
      guard firstChildren[parent] != UInt32(node) else { continue }
      let hash = hash(parent, frames[node])
      var slot = hash & mask
      while slots[slot] != 0 { slot = (slot &+ 1) & mask }
      slots[slot] = UInt32(node) | Self.tag(hash)
    }
  }

  /// Returns the frames from the root to `node`.
  public func path(to node: Node) -> [FrameID] {
    var path: [FrameID] = []
    var node = node
    while node != Self.root {
      path.append(frames[node])
      node = Int(parents[node])
    }
    return path.reversed()
  }

  /// Returns the inclusive metric of each node: that of its stack and of all stacks below it.
  public func inclusive() -> [StackMetric] {
    var sums = exclusive
    for node in stride(from: count - 1, to: 0, by: -1) { sums[Int(parents[node])] &+= sums[node] }
    return sums
  }
}
