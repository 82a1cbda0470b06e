internal import Locks

/// A stack tree prepared for display: inclusive sums, and callees ordered by cost.
///
/// - Cost: about 24 bytes per node in addition to the tree's own, from the first use of the sums or
///   the callees on: exporters, which write the tree's own stacks, need neither. Children are
///   sorted when requested.
public struct CallTree: Sendable {
  public let tree: StackTree
  /// The sum over all nodes.
  public let total: StackMetric
  private let order = Order()

  public init(_ tree: StackTree) {
    self.tree = tree
    total = tree.exclusive.reduce(StackMetric()) { $0 &+ $1 }
  }

  /// Inclusive metric of each node; the root's is the total.
  ///
  /// - Cost: a lock; loops should keep the array.
  public var inclusive: [StackMetric] { order.arrays(of: tree).inclusive }

  /// The callees of each node: in `children`, those from its start to the next node's.
  var callees: (starts: [UInt32], children: [UInt32]) {
    let arrays = order.arrays(of: tree)
    return (arrays.starts, arrays.children)
  }

  /// What follows from the tree, made when it is used first.
  private final class Order: Sendable {
    private let made = Lock<Arrays?>(nil)

    func arrays(of tree: StackTree) -> Arrays {
      made.withLock { made in
        if let made { return made }
        let arrays = Arrays(tree)
        made = arrays
        return arrays
      }
    }
  }

  private struct Arrays: Sendable {
    let inclusive: [StackMetric]
    /// Index in ``children`` of each node's first child.
    let starts: [UInt32]
    let children: [UInt32]

    init(_ tree: StackTree) {
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
  }

  /// Returns the callees of a node with a nonzero amount, largest first.
  public func children(
    of node: StackTree.Node, by amount: (StackMetric) -> UInt64
  ) -> [StackTree.Node] {
    let arrays = order.arrays(of: tree)
    let (inclusive, starts) = (arrays.inclusive, arrays.starts)
    return arrays.children[Int(starts[node])..<Int(starts[node + 1])].map(Int.init)
      .filter { inclusive[$0].count > 0 }
      .sorted { (amount(inclusive[$1]), $0) < (amount(inclusive[$0]), $1) }
  }

  /// A function, summed over all its occurrences in the tree.
  public struct NameEntry: Hashable, Sendable {
    public var frame: FrameID
    public var exclusive: StackMetric
    /// Metric of the stacks that contain the frame. Each stack counts once, even if the function
    /// recurses.
    public var inclusive: StackMetric
  }

  /// Returns one entry per frame, in no particular order.
  ///
  /// - Cost: one pass over the tree.
  public func byName(frameCount: Int) -> [NameEntry] {
    let arrays = order.arrays(of: tree)
    let (inclusive, starts, children) = (arrays.inclusive, arrays.starts, arrays.children)
    var sums = [FrameSum](repeating: FrameSum(), count: frameCount)
    // Nodes of the path from the root to the current one that have children left, with the next of
    // them.
    var path: [(node: Int, next: Int)] = [(StackTree.root, Int(starts[StackTree.root]))]
    while let (node, next) = path.last {
      if next < Int(starts[node + 1]) {
        path[path.count - 1].next += 1
        let child = Int(children[next])
        let frame = Int(tree.frames[child].rawValue)
        sums[frame].exclusive &+= tree.exclusive[child]
        if sums[frame].depth == 0 { sums[frame].inclusive &+= inclusive[child] }
        let first = Int(starts[child])
        if first < Int(starts[child + 1]) {
          sums[frame].depth += 1
          path.append((child, first))
        }
      } else {
        if node != StackTree.root { sums[Int(tree.frames[node].rawValue)].depth -= 1 }
        path.removeLast()
      }
    }
    return sums.enumerated().compactMap { number, sum in
      guard sum.inclusive.count > 0 else { return nil }
      return NameEntry(
        frame: FrameID(rawValue: UInt32(number)), exclusive: sum.exclusive,
        inclusive: sum.inclusive)
    }
  }

  /// What ``byName(frameCount:)`` sums for a frame, kept together because each step of the pass
  /// over the tree meets another frame.
  private struct FrameSum {
    var exclusive = StackMetric()
    var inclusive = StackMetric()
    /// Number of the frame's occurrences on the path from the root to the current node.
    var depth: UInt32 = 0
  }
}
