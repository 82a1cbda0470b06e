extension StackTree {
  /// Returns the callees of the frames in `focus`: a tree starting at each of these frames,
  /// regardless of its callers.
  ///
  /// A stack counts once, at its outermost frame in focus.
  public func callees(of focus: Set<FrameID>) -> StackTree {
    var result = StackTree()
    var nodes = [Int](repeating: Self.root, count: count)
    for node in 1..<max(count, 1) {
      let parent = nodes[Int(parents[node])]
      guard parent != Self.root || focus.contains(frames[node]) else { continue }
      nodes[node] = result.child(of: parent, frames[node])
      result.add(exclusive[node], at: nodes[node])
    }
    return result
  }

  /// Returns the callers of the frames in `focus`: a tree starting at each of these frames and
  /// continuing with its callers.
  ///
  /// A stack counts once, at its outermost frame in focus. The exclusive metrics of this tree's
  /// nodes have no meaning.
  public func callers(of focus: Set<FrameID>) -> StackTree {
    let sums = inclusive()
    var result = StackTree()
    var isBelow = [Bool](repeating: false, count: count)
    for node in 1..<max(count, 1) {
      let parent = Int(parents[node])
      isBelow[node] = isBelow[parent]
      guard !isBelow[node], focus.contains(frames[node]) else { continue }
      isBelow[node] = true
      var place = Self.root
      var caller = node
      while caller != Self.root {
        place = result.child(of: place, frames[caller])
        caller = Int(parents[caller])
      }
      result.add(sums[node], at: place)
    }
    return result
  }
}
