extension StackTree {
  /// The tree with each function that calls itself as one node.
  ///
  /// - Cost: two passes over the nodes, and a look-up of a child for each.
  func foldingRecursion() -> StackTree {
    guard isRecursive else { return self }
    var result = StackTree(likeNodesOf: self)
    // Of each node: the node of the result.
    var targets = [UInt32](repeating: 0, count: count)
    for node in 1..<max(count, 1) {
      let source = Int(parents[node])
      let parent = Int(targets[source])
      let isTaken = source != Self.root && frames[source] == frames[node]
      let target = isTaken ? parent : result.child(of: parent, frames[node])
      targets[node] = UInt32(target)
      result.add(exclusive[node], at: target)
    }
    result.add(exclusive[Self.root], at: Self.root)
    return result
  }

  /// Whether a function calls itself.
  private var isRecursive: Bool {
    (1..<max(count, 1)).contains { node in
      let parent = Int(parents[node])
      return parent != Self.root && frames[parent] == frames[node]
    }
  }
}
