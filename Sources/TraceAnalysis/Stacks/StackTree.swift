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
/// - Cost: some 40 bytes a node; a look-up of a child is one probe of a hash table.
public struct StackTree: Sendable {
  /// A node's position in the tree.
  public typealias Node = Int

  public static let root: Node = 0
  public static let nodesMax = 6 << 20

  public private(set) var parents: [UInt32] = [0]
  /// Of each node; the root's means nothing.
  public private(set) var frames: [FrameID] = [FrameID(rawValue: .max)]
  /// What was seen with this very stack.
  public private(set) var exclusive: [StackMetric] = [StackMetric()]
  /// Whether there were more different stacks than nodes.
  public private(set) var isCut = false

  private let nodeLimit: Int
  /// Open addressing: node numbers, 0 for an empty slot.
  private var slots: [UInt32]
  /// Files choose the frames; they do not know this.
  private let seed: UInt64

  public init() { self.init(nodeLimit: Self.nodesMax) }

  init(nodeLimit: Int) {
    self.nodeLimit = nodeLimit
    seed = UInt64.random(in: .min ... .max) | 1
    slots = [UInt32](repeating: 0, count: 1024)
  }

  public var count: Int { parents.count }

  /// The node of `frame` called by `parent`, made when it is new.
  public mutating func child(of parent: Node, _ frame: FrameID) -> Node {
    var slot = slot(parent, frame)
    while slots[slot] != 0 {
      let node = Int(slots[slot])
      if parents[node] == UInt32(truncatingIfNeeded: parent), frames[node] == frame { return node }
      slot = (slot &+ 1) & (slots.count &- 1)
    }
    guard count < nodeLimit else {
      isCut = true
      return parent
    }
    let node = count
    slots[slot] = UInt32(node)
    parents.append(UInt32(parent))
    frames.append(frame)
    exclusive.append(StackMetric())
    if count * 2 > slots.count { grow() }
    return node
  }

  /// Adds to what was seen with a node's stack.
  public mutating func add(_ metric: StackMetric, at node: Node) { exclusive[node] &+= metric }

  private func slot(_ parent: Node, _ frame: FrameID) -> Int {
    let key = UInt64(truncatingIfNeeded: parent) << 32 | UInt64(frame.rawValue)
    let product = (key ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: seed)
    return Int(truncatingIfNeeded: product.high ^ product.low) & (slots.count &- 1)
  }

  private mutating func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    for node in 1..<count {
      var slot = slot(Int(parents[node]), frames[node])
      while slots[slot] != 0 { slot = (slot &+ 1) & (slots.count &- 1) }
      slots[slot] = UInt32(node)
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
