extension CallTree {
  /// Returns every frame once, in the order in which a walk meets them that visits a node, then the
  /// nodes below it.
  ///
  /// - Guarantee: the order depends only on that of the processes and that of the nodes below each,
  ///   and not on how many threads collected the stacks.
  func framesByFirstVisit(frameCount: Int) -> [FrameID] {
    var isKnown = [Bool](repeating: false, count: frameCount)
    var found: [FrameID] = []
    // The nodes that are still to be visited, the next one last.
    var waiting: [UInt32] = []
    let (starts, children) = self.callees
    func callees(of node: Int) -> ReversedCollection<ArraySlice<UInt32>> {
      children[Int(starts[node])..<Int(starts[node + 1])].reversed()
    }
    waiting += callees(of: StackTree.root)
    while let node = waiting.popLast() {
      let frame = tree.frames[Int(node)]
      if !isKnown[Int(frame.rawValue)] {
        isKnown[Int(frame.rawValue)] = true
        found.append(frame)
      }
      waiting += callees(of: Int(node))
    }
    return found
  }
}
