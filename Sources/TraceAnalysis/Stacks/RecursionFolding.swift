extension StackTree {
  /// The tree with each function that calls itself as one node.
  ///
  /// - Cost: one pass over the nodes; a look-up for those below a function that calls itself, where
  ///   nodes of different places may become one.
  func foldingRecursion() -> StackTree {
    guard let folds = folds() else { return self }
    var (parents, frames, exclusive) = ([UInt32(0)], [FrameID(rawValue: .max)], [exclusive[0]])
    parents.reserveCapacity(count)
    frames.reserveCapacity(count)
    exclusive.reserveCapacity(count)
    // Of each node: the node of the result.
    var targets = [UInt32](repeating: 0, count: count)
    // Whether it lies below one that took in others.
    var isBelow = [Bool](repeating: false, count: count)
    var known: [UInt64: UInt32] = [:]
    for node in 1..<max(count, 1) {
      let source = Int(self.parents[node])
      let parent = targets[source]
      isBelow[node] = isBelow[source] || folds[source] != .none
      if folds[node] == .taken {
        targets[node] = parent
      } else {
        let key = UInt64(parent) << 32 | UInt64(self.frames[node].rawValue)
        let twin = isBelow[node] ? known[key] : nil
        targets[node] = twin ?? UInt32(parents.count)
        if twin == nil {
          parents.append(parent)
          frames.append(self.frames[node])
          exclusive.append(StackMetric())
          if isBelow[node] { known[key] = targets[node] }
        }
      }
      exclusive[Int(targets[node])] &+= self.exclusive[node]
    }
    return StackTree(parents: parents, frames: frames, exclusive: exclusive, isCut: isCut)
  }

  private enum Fold {
    case none
    /// Is its caller's function, whose node takes it in.
    case taken
    case takesIn
  }

  /// What becomes of each node; nil when no function calls itself.
  private func folds() -> [Fold]? {
    var folds = [Fold](repeating: .none, count: count)
    var any = false
    for node in 1..<max(count, 1) {
      let parent = Int(parents[node])
      guard parent != Self.root, frames[parent] == frames[node] else { continue }
      folds[node] = .taken
      if folds[parent] == .none { folds[parent] = .takesIn }
      any = true
    }
    return any ? folds : nil
  }
}
