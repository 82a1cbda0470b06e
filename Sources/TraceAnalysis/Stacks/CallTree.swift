/// A stack tree ready to be shown: sums, and callees by what they cost.
///
/// - Cost: some 40 bytes a node beside the tree's own; children are put in order when asked for.
public struct CallTree: Sendable {
  public let tree: StackTree
  /// Of each node; the root's is the total.
  public let inclusive: [StackMetric]
  /// Where each node's children begin in ``children``.
  private let starts: [UInt32]
  private let children: [UInt32]

  public init(_ tree: StackTree) {
    self.tree = tree
    inclusive = tree.inclusive()
    var starts = [UInt32](repeating: 0, count: tree.count + 1)
    for node in 1..<max(tree.count, 1) { starts[Int(tree.parents[node]) + 1] += 1 }
    for node in 0..<tree.count { starts[node + 1] += starts[node] }
    self.starts = starts
    var next = starts
    var children = [UInt32](repeating: 0, count: max(tree.count - 1, 0))
    for node in 1..<max(tree.count, 1) {
      let parent = Int(tree.parents[node])
      children[Int(next[parent])] = UInt32(node)
      next[parent] += 1
    }
    self.children = children
  }

  public var total: StackMetric { inclusive[StackTree.root] }

  /// The callees of a node that have anything, by `amount`, largest first.
  public func children(
    of node: StackTree.Node, by amount: (StackMetric) -> UInt64
  ) -> [StackTree.Node] {
    children[Int(starts[node])..<Int(starts[node + 1])].map(Int.init)
      .filter { inclusive[$0].count > 0 }
      .sorted { (amount(inclusive[$1]), $0) < (amount(inclusive[$0]), $1) }
  }

  /// A function with all its places in the tree taken together.
  public struct NameEntry: Hashable, Sendable {
    public var frame: FrameID
    public var exclusive: StackMetric
    /// Of the stacks that have the frame, each once, however often it calls itself.
    public var inclusive: StackMetric
  }

  /// Every frame once, in no particular order.
  ///
  /// - Cost: one pass over the tree.
  public func byName(frameCount: Int) -> [NameEntry] {
    var entries = (0..<frameCount).map { number in
      NameEntry(
        frame: FrameID(rawValue: UInt32(number)), exclusive: StackMetric(),
        inclusive: StackMetric())
    }
    // How often each frame is on the way from the root to the node at hand.
    var depth = [UInt32](repeating: 0, count: frameCount)
    var path: [(node: Int, next: Int)] = [(StackTree.root, Int(starts[StackTree.root]))]
    while let (node, next) = path.last {
      if next < Int(starts[node + 1]) {
        path[path.count - 1].next += 1
        let child = Int(children[next])
        let frame = Int(tree.frames[child].rawValue)
        entries[frame].exclusive &+= tree.exclusive[child]
        if depth[frame] == 0 { entries[frame].inclusive &+= inclusive[child] }
        depth[frame] += 1
        path.append((child, Int(starts[child])))
      } else {
        if node != StackTree.root { depth[Int(tree.frames[node].rawValue)] -= 1 }
        path.removeLast()
      }
    }
    return entries.filter { $0.inclusive.count > 0 }
  }
}
