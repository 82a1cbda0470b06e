internal import TraceAnalysis

/// The stacks of a profile by the number of their thread, when each thread has one stack.
struct NumberedStacks {
  let profile: StackProfile
  private var nodes: [UInt32: StackTree.Node] = [:]

  init(_ profile: StackProfile) {
    self.profile = profile
    let tree = profile.stacks.calls.tree
    for node in 1..<max(tree.count, 1) where tree.exclusive[node].count > 0 {
      var place = node
      while place != StackTree.root {
        let frame = profile.stacks.frames[tree.frames[place]]
        if frame.kind == .thread {
          if let number = (frame.identity?.id).flatMap({ UInt32($0) }) { nodes[number] = node }
          break
        }
        place = Int(tree.parents[place])
      }
    }
  }

  /// Finds the names of stacks, which are numbered from 1.
  ///
  /// - Parameter areCalls: whether a stack's innermost address, too, is a return address.
  init(naming stacks: [[UInt64]], areCalls: Bool) throws {
    let trace = try OwnTrace()
    for (index, addresses) in stacks.enumerated() {
      var stack = addresses
      // A trace's innermost address is that of the instruction.
      if areCalls, let first = stack.first { stack[0] = first &- 1 }
      try trace.add(stack, tid: UInt32(index + 1))
    }
    self.init(try OwnTrace.profile(of: trace.file(), isSamples: false))
  }

  /// The node of a stack's innermost frame; the root if there is no such stack.
  func node(_ number: UInt32) -> StackTree.Node { nodes[number] ?? StackTree.root }

  /// The frames of a stack, innermost first.
  func frames(_ number: UInt32) -> [FrameID] {
    let tree = profile.stacks.calls.tree
    var path: [FrameID] = []
    var place = node(number)
    while place != StackTree.root {
      let id = tree.frames[place]
      if profile.stacks.frames[id].kind == .thread { break }
      path.append(id)
      place = Int(tree.parents[place])
    }
    return path
  }
}
