/// The finished tree of wall-clock time.
extension WallTree {
  /// Returns the tree and its totals.
  ///
  /// - Parameter separatesThreads: whether each thread keeps its own node below its process.
  func collection(separatesThreads: Bool) -> StackCollection {
    var collection = StackCollection()
    let frames = stacks.stacks.table
    collection.frames = frames
    collection.totals = totals()
    collection.tree =
      separatesThreads ? tree : tree.removing { frames[$0].kind == .thread }
    return collection
  }

  private func totals() -> StackTotals {
    var totals = StackTotals()
    let sums = tree.inclusive()
    totals.metric = sums[StackTree.root]
    totals.times = times
    let frames = stacks.stacks.table
    var areCut = [Bool](repeating: false, count: tree.count)
    for node in 1..<max(tree.count, 1) {
      let parent = Int(tree.parents[node])
      let frame = frames[tree.frames[node]]
      areCut[node] = areCut[parent] || frame == .callersLost
      let metric = tree.exclusive[node]
      if frame.kind == .thread, sums[node].count > 0 { totals.threadCount += 1 }
      guard metric.count > 0 else { continue }
      if areCut[node] { totals.cut &+= metric }
      // The state is the end of the stack.
      let isState = frame.kind == .state && parent != StackTree.root
      let inner = isState ? frames[tree.frames[parent]].kind : frame.kind
      if inner == .unresolved { totals.unresolved &+= metric }
      if inner == .thread || inner == .process { totals.withoutStack &+= metric }
    }
    totals.processes = processes.map {
      StackTotals.Process(process: $0.value, metric: sums[$0.key])
    }
    .filter { $0.metric.count > 0 }
    .sorted { ($1.metric.weight, $0.process.pid) < ($0.metric.weight, $1.process.pid) }
    return totals
  }
}
