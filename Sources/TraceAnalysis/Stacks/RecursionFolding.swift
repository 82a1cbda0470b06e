extension StackTree {
  /// Returns the tree with recursive calls of each function merged into one node.
  ///
  /// - Cost: two passes over the nodes, and one lookup of a child per node.
  func foldingRecursion() -> StackTree {
    guard isRecursive else { return self }
    var result = StackTree(likeNodesOf: self)
    // Node of the result for each node of this tree.
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

  /// Returns the tree without the nodes of some frames, whose metrics count for their callers.
  ///
  /// - Cost: a pass over the nodes, and one lookup of a child per node.
  func removing(_ isRemoved: (FrameID) -> Bool) -> StackTree {
    var result = StackTree(likeNodesOf: self)
    var targets = [UInt32](repeating: 0, count: count)
    for node in 1..<max(count, 1) {
      let parent = Int(targets[Int(parents[node])])
      let target = isRemoved(frames[node]) ? parent : result.child(of: parent, frames[node])
      targets[node] = UInt32(target)
      result.add(exclusive[node], at: target)
    }
    result.add(exclusive[Self.root], at: Self.root)
    return result
  }

  /// Whether any function calls itself.
  private var isRecursive: Bool {
    (1..<max(count, 1)).contains { node in
      let parent = Int(parents[node])
      return parent != Self.root && frames[parent] == frames[node]
    }
  }
}
